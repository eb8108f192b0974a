from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name):
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith(('#', '-'))]


def version():
    scope = {}
    exec((ROOT / 'mmcsod' / 'version.py').read_text(encoding='utf-8'), scope)
    return scope['__version__']


setup(
    name='mmcsod',
    version=version(),
    description='Coreset Selection for Object Detection, as an MMDetection plugin',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The mmcsod contributors',
    license='Apache-2.0',
    keywords='computer vision, object detection, coreset selection, data selection, mmdetection',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    packages=find_packages(include=['mmcsod', 'mmcsod.*']),
    # .mim holds links to configs/ and tools/, where MIM and `mmcsod::NAME` look; a wheel has files in their place.
    package_data={
        'mmcsod': ['py.typed', '.mim/model-index.yml', '.mim/configs/**/*.py', '.mim/tools/*.py', '.mim/weights/*.pth'],
        'mmcsod.report': ['templates/*'],
    },
    python_requires='>=3.10',
    entry_points={'console_scripts': ['mmcsod = mmcsod.commands:main']},
    install_requires=requirements('runtime'),
    extras_require={
        # The mm packages are extras, not requirements: both distributions install the same import names, and
        # nobody's working mmdet may be replaced.
        'mm': requirements('mminstall'),
        'cpu': requirements('optional'),
        'gpu': ['faiss-gpu'],
        'tests': requirements('tests'),
        'lint': requirements('lint'),
        'docs': requirements('docs'),
    },
)

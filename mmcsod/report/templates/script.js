'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent), pictures = JSON.parse($('pictures').textContent);
const STEP = 40;  // tiles shown at a time

// Names of files and classes become text nodes, never markup.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
const named = text => make('bdi', {className: 'name', textContent: text});
const swatch = label => make('i', {className: `swatch c${label}`});
const images = number => number === 1 ? '1 image' : `${number.toLocaleString('en')} images`;

// Pictures are set only when they come near the window.
const near = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) if (isIntersecting) { reveal(target); near.unobserve(target); }
}, {rootMargin: '600px'});
function reveal(image) { image.src = pictures[image.dataset.image]; }
function watch(root) {
  for (const image of root.querySelectorAll('img[data-image]')) { image.hidden = false; near.observe(image); }
}
function picture(index, alt) {
  if (!(index in pictures)) return '';
  return make('img', {src: pictures[index], alt});
}

// The gallery.
let current = 0, shown = [];
const list = () => document.querySelector(`.gallery[data-coreset="${current}"]`);
const pickOf = card => data.coresets[current].picks[card.dataset.pick];
const textOf = pick => pick.text ??= [data.names[pick.image], ...new Set(pick.objects.map(o => data.classes[o[0]]))].join('\n').toLowerCase();

function sortKey(card) {
  const pick = pickOf(card), by = $('sort').value;
  if (by === 'rank') return +card.dataset.pick;
  if (by === 'name') return data.names[pick.image];
  if (by === 'objects') return -pick.objects.length;
  return by === 'number' ? -pick.number : -(pick.terms[by.slice(5)] ?? -Infinity);
}
function isWanted(card) {
  const pick = pickOf(card), turn = $('turn').value, holds = $('holds').value;
  return (turn === '' || pick.turn === +turn) && (holds === '' || pick.objects.some(o => o[0] === +holds))
    && textOf(pick).includes($('search').value.trim().toLowerCase());
}
function sort() {
  const cards = [...list().children].map(card => ({card, key: sortKey(card)}));
  cards.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : a.card.dataset.pick - b.card.dataset.pick);
  if ($('reverse').checked) cards.reverse();
  list().append(...cards.map(entry => entry.card));
  filter();
}
function filter() {
  const cards = [...list().children];
  for (const card of cards) { card.hidden = !isWanted(card); card.firstElementChild.tabIndex = -1; }
  shown = cards.filter(card => !card.hidden);
  if (shown.length) shown[0].firstElementChild.tabIndex = 0;
  $('count').textContent = `${shown.length.toLocaleString('en')} of ${images(cards.length)}`;
  $('nothing').hidden = shown.length > 0;
}
function focusCard(card) {
  for (const one of shown) one.firstElementChild.tabIndex = one === card ? 0 : -1;
  card.firstElementChild.focus();
}
function onGalleryKey(event) {
  const place = shown.indexOf(event.target.closest('.card'));
  if (place < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const second = shown.findIndex(card => card.offsetTop > shown[0].offsetTop), columns = second > 0 ? second : shown.length;
  const steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -place, End: shown.length - 1 - place};
  const next = shown[place + steps[event.key]];
  if (next) { event.preventDefault(); focusCard(next); }
}

// One selected image.
function open(card) {
  const place = shown.indexOf(card), pick = pickOf(card), dialog = $('pick');
  dialog.card = card;
  $('pick-title').replaceChildren(`Selected image ${+card.dataset.pick + 1}: `, named(data.names[pick.image]));
  const copy = card.querySelector('.picture').cloneNode(true);
  for (const image of copy.querySelectorAll('img')) { reveal(image); image.alt = data.names[pick.image]; }
  $('pick-picture').replaceChildren(copy);
  const facts = [['Selected for', pick.turn === null ? 'no class' : make('span', {}, swatch(pick.turn), named(data.classes[pick.turn]))],
                 ...Object.entries(pick.terms).map(([name, value]) => [name, String(+value.toPrecision(6))])];
  $('pick-facts').replaceChildren(...facts.map(([term, value]) => make('div', {}, make('dt', {textContent: term}), make('dd', {}, value))));
  $('pick-objects').replaceChildren(...pick.objects.map((object, index) => objectRow(object, index, copy)));
  $('pick-nearest').replaceChildren(...nearestImages(pick));
  $('previous').disabled = place <= 0;
  $('next').disabled = place < 0 || place === shown.length - 1;
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}
function objectRow([label, rank], index, copy) {
  const row = make('tr', {}, make('th', {scope: 'row'}, swatch(label), named(data.classes[label])),
                   make('td', {textContent: rank === null ? 'left out' : `${rank} %`}));
  const mark = on => copy.querySelector(`[data-object="${index}"]`)?.classList.toggle('on', on);
  row.onmouseenter = () => mark(true);
  row.onmouseleave = () => mark(false);
  return row;
}
function nearestImages(pick) {
  const alone = pick.turn === null || pick.nearest.some(entry => entry[0] === pick.turn) ? [] : [
    make('h3', {}, 'No nearest pool images of ', swatch(pick.turn), named(data.classes[pick.turn])),
    make('p', {className: 'note', textContent: 'Every other image of the class is nearer to another selected image.'})];
  return alone.concat(pick.nearest.flatMap(([label, members, cosines]) => [
    make('h3', {}, 'Nearest pool images of ', swatch(label), named(data.classes[label]), `: ${members.length.toLocaleString('en')}`),
    tiles(members, cosines)]));
}
function tiles(members, cosines) {
  const box = make('div'), grid = make('ul', {className: 'tiles'}), more = make('button', {type: 'button', className: 'more'});
  let done = 0;
  more.onclick = () => {
    for (const end = Math.min(done + STEP, members.length); done < end; done++) grid.append(make('li', {},
      picture(members[done], data.names[members[done]]), make('span', {className: 'cosine', textContent: `cosine ${(cosines[done] / 1000).toFixed(3)}`}),
      make('span', {className: 'file', title: data.names[members[done]]}, named(data.names[members[done]]))));
    more.textContent = `Show more (${images(members.length - done)} left)`;
    more.hidden = done === members.length;
  };
  more.onclick();
  box.append(grid, more);
  return box;
}
function turnPage(step) {
  const card = shown[shown.indexOf($('pick').card) + step];
  if (card) { open(card); focusCardLater = card; }
}
let focusCardLater = null;

// The map.
const canvas = document.querySelector('canvas'), tip = document.querySelector('.tip'), EDGE = 16;
const known = data.names.map((_, image) => image).filter(image => data.points[2 * image] !== null);
const extent = [0, 1].map(axis => known.reduce((most, image) => Math.max(most, data.points[2 * image + axis]), 1));
let marked = -1;
function place(image) {
  const {clientWidth: width, clientHeight: height} = canvas;
  const scale = Math.min((width - 2 * EDGE) / extent[0], (height - 2 * EDGE) / extent[1]);
  return [(width - scale * extent[0]) / 2 + scale * data.points[2 * image], (height + scale * extent[1]) / 2 - scale * data.points[2 * image + 1]];
}
const picks = () => data.coresets[current].picks.map(pick => pick.image).filter(image => data.points[2 * image] !== null);

function draw() {
  const ratio = devicePixelRatio || 1, pen = canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  pen.scale(ratio, ratio);
  pen.globalAlpha = Math.max(.3, Math.min(.8, 900 / known.length));
  pen.fillStyle = style.getPropertyValue('--series-0');
  const dot = known.length > 4000 ? 1.6 : 3;
  for (const image of known) circle(pen, image, dot).fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = style.getPropertyValue('--series-1');
  pen.lineWidth = 2;
  const rings = picks();
  for (const image of rings) circle(pen, image, rings.length > 300 ? 3 : 5).stroke();
  if (marked >= 0) {
    pen.strokeStyle = style.getPropertyValue('--ink');
    pen.lineWidth = 3;
    circle(pen, marked, 8).stroke();
  }
}
function circle(pen, image, radius) {
  const [x, y] = place(image);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  return pen;
}
function mark(image) {
  marked = image;
  tip.hidden = image < 0;
  if (image >= 0) {
    const rank = data.coresets[current].picks.findIndex(pick => pick.image === image), [x, y] = place(image);
    tip.replaceChildren(picture(image, ''), make('b', {textContent: rank < 0 ? 'not selected' : `selected image ${rank + 1}`}),
                        make('span', {className: 'file'}, named(data.names[image])));
    tip.style.left = `${Math.max(0, Math.min(canvas.offsetLeft + x + 14, canvas.offsetLeft + canvas.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${canvas.offsetTop + (y > canvas.clientHeight / 2 ? y - tip.offsetHeight - 14 : y + 14)}px`;
  }
  draw();
}
function onPoint(event) {
  let best = -1, least = 24 ** 2;
  for (const image of known) {
    const [x, y] = place(image), distance = (x - event.offsetX) ** 2 + (y - event.offsetY) ** 2;
    if (distance < least) { best = image; least = distance; }
  }
  if (best !== marked) mark(best);
}
function openMarked() {
  const rank = data.coresets[current].picks.findIndex(pick => pick.image === marked);
  if (rank >= 0) open([...list().children].find(card => +card.dataset.pick === rank));
}
function onMapKey(event) {
  const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key], all = picks();
  if (step && all.length) { event.preventDefault(); mark(all[(all.indexOf(marked) + step + all.length + (step < 0 && !all.includes(marked))) % all.length]); }
  if (event.key === 'Enter') { event.preventDefault(); openMarked(); }  // or it would press the button that gets the focus
  if (event.key === 'Escape') mark(-1);
}
function show(coreset) {
  current = coreset;
  $('map-text').textContent = `${images(known.length)}, ${picks().length.toLocaleString('en')} selected.`;
  for (const gallery of document.querySelectorAll('.gallery')) gallery.hidden = gallery !== list();
  sort();
  mark(-1);
}

document.addEventListener('click', event => {
  const card = event.target.closest('.card');
  if (card) open(card);
});
document.addEventListener('keydown', event => {
  if (event.key === '/' && !event.target.closest('input, select, dialog')) { event.preventDefault(); $('search').focus(); }
  else if ($('pick').open && event.key === 'ArrowLeft') turnPage(-1);
  else if ($('pick').open && event.key === 'ArrowRight') turnPage(1);
  else if (event.target.closest('.gallery')) onGalleryKey(event);
});
document.querySelector('.tools').addEventListener('submit', event => event.preventDefault());
document.querySelector('.tools').addEventListener('input', event => ['sort', 'reverse'].includes(event.target.id) ? sort() : filter());
$('reset').onclick = () => { document.querySelector('.tools').reset(); sort(); $('search').focus(); };
$('previous').onclick = () => turnPage(-1);
$('next').onclick = () => turnPage(1);
$('close').onclick = () => $('pick').close();
$('pick').addEventListener('close', () => { if (focusCardLater) focusCard(focusCardLater); focusCardLater = null; });
$('pick').addEventListener('click', event => { if (event.target === $('pick')) $('pick').close(); });
$('coreset')?.addEventListener('change', event => show(+event.target.value));
canvas.addEventListener('pointermove', onPoint);
canvas.addEventListener('pointerdown', onPoint);
canvas.addEventListener('pointerleave', () => { if (!canvas.matches(':focus-visible')) mark(-1); });
canvas.addEventListener('click', openMarked);
canvas.addEventListener('keydown', onMapKey);
canvas.addEventListener('blur', () => mark(-1));
new ResizeObserver(draw).observe(canvas);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
watch(document);
show(0);

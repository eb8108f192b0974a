#!/usr/bin/env bash
# What to label next, with chess's labels withheld: AP50 after labelling what the first detector's predictions suggest,
# and after labelling at random. SEEDS="0 1 2" OUT=work_dirs/label_next bash tools/benchmarks/label_next.sh
set -eu
CONFIG=${CONFIG:-configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py}
OUT=${OUT:-work_dirs/label_next}
ITERS=${ITERS:-80}
MMCSOD=${MMCSOD:-mmcsod}
TEST_TOOL=$(python -c 'import mmdet; print(mmdet.__path__[0])')/.mim/tools/test.py

train() { # CORESET WORK_DIR SEED
    [ -e "$2/result.json" ] || $MMCSOD retrain "$CONFIG" "$1" --iters "$ITERS" --seed "$3" --work-dir "$2" >"$2.log" 2>&1
}

predict() { # CHECKPOINT PREFIX
    [ -e "$2.bbox.json" ] || python "$TEST_TOOL" "$CONFIG" "$1" --work-dir "$2_test" --cfg-options \
        test_dataloader.dataset.ann_file=annotations/train.json test_dataloader.dataset.data_prefix.img=train/ \
        test_evaluator.ann_file=data/chess/annotations/train.json test_evaluator.format_only=True \
        test_evaluator.outfile_prefix="$2" >"$2.log" 2>&1
}

ap50() { # WORK_DIR
    python -c "import json, sys; print('%.3f' % json.load(open(sys.argv[1]))['metrics']['coco/bbox_mAP_50'])" "$1/result.json"
}

mkdir -p "$OUT"
# The bank that random images are drawn from; it has nothing to say in the choice.
[ -e "$OUT/pool/features" ] || $MMCSOD select "$CONFIG" --num-images 12 --work-dir "$OUT/pool" --no-report
for seed in ${SEEDS:-0 1 2}; do
    dir=$OUT/$seed
    mkdir -p "$dir"
    $MMCSOD select --bank "$OUT/pool/features" --method full --num-images 12 --seed "$seed" --out "$dir/first.json" --no-report
    train "$dir/first.json" "$dir/first" "$seed"
    predict "$dir/first/iter_$ITERS.pth" "$dir/found"
    for method in csod csod-logdet; do
        $MMCSOD select "$CONFIG" "$dir/first/iter_$ITERS.pth" --predictions "$dir/found.bbox.json" --method $method \
            --num-images 24 --include "$dir/first.json" --work-dir "$dir/predicted" --out "$dir/$method.json" --no-report
    done
    $MMCSOD select --bank "$OUT/pool/features" --method full --num-images 24 --include "$dir/first.json" --seed "$seed" \
        --out "$dir/random.json" --no-report
    for choice in csod csod-logdet random; do
        train "$dir/$choice.json" "$dir/$choice" "$seed"
    done
    echo "seed $seed: first 12 $(ap50 "$dir/first"), 24 by csod $(ap50 "$dir/csod"), by csod-logdet" \
        "$(ap50 "$dir/csod-logdet"), at random $(ap50 "$dir/random")" | tee -a "$OUT/result.txt"
done

#!/usr/bin/env bash
# Builds models/snug-tiny.gguf from nothing: corpora, tokenizer, five stages of training,
# export, evaluation. Needs Python 3.11 or newer and two to three hours on two CPU cores.
set -euo pipefail
cd "$(dirname "$0")"

python3 -m venv .build/venv
.build/venv/bin/pip install --quiet --requirement requirements.txt
python=.build/venv/bin/python

$python corpus.py --characters 26000000 --seed 1 --mix broad --out .build/broad.jsonl
$python corpus.py --characters 30000000 --seed 4 --mix focused --out .build/focused.jsonl
$python corpus.py --characters 13000000 --seed 5 --mix settled --out .build/settled.jsonl
$python corpus.py --characters 8000000 --seed 6 --mix varied --out .build/varied.jsonl
$python corpus.py --characters 22000000 --seed 7 --mix taught --out .build/taught.jsonl
$python tokenizer.py --corpus .build/broad.jsonl --out .build/tokenizer.json

# Stage 1 learns the language and the formats in large steps, and is cut off while the rate is still high.
$python train.py --corpus .build/broad.jsonl --tokenizer .build/tokenizer.json --out .build/stage1.pt --seed 1 --processes 2 \
  --steps 600 --stop 350 --batch-tokens 8192 --muon-rate 0.02 --adam-rate 0.004 --prompt-weight 0.1
# Stage 2 learns the few facts and tools that the model is to know well, in many small steps.
$python train.py --corpus .build/focused.jsonl --tokenizer .build/tokenizer.json --out .build/stage2.pt --seed 4 --processes 2 \
  --start .build/stage1.pt --steps 1300
# Stage 3 settles what is measured.
$python train.py --corpus .build/settled.jsonl --tokenizer .build/tokenizer.json --out .build/stage3.pt --seed 5 --processes 2 \
  --start .build/stage2.pt --steps 900 --muon-rate 0.012 --adam-rate 0.0025
# Stage 4 adds more ways to ask for a tool.
$python train.py --corpus .build/varied.jsonl --tokenizer .build/tokenizer.json --out .build/stage4.pt --seed 6 --processes 2 \
  --start .build/stage3.pt --steps 460 --muon-rate 0.01 --adam-rate 0.002
# Stage 5 drills sums and facts as plain sentences, and asks for them in questions put together from frames and phrases.
$python train.py --corpus .build/taught.jsonl --tokenizer .build/tokenizer.json --out .build/stage5.pt --seed 7 --processes 2 \
  --start .build/stage4.pt --steps 2100

$python export_gguf.py --weights .build/stage5.pt --tokenizer .build/tokenizer.json --out ../snug-tiny.gguf
$python evaluate.py ../snug-tiny.gguf --tokenizer .build/tokenizer.json --verbose
$python evaluate.py ../snug-tiny.gguf --tokenizer .build/tokenizer.json --fresh

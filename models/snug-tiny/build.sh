#!/usr/bin/env bash
# Builds models/snug-tiny.gguf from nothing: corpus, tokenizer, training, export, evaluation.
# Needs Python 3.11 or newer and about an hour on two CPU cores.
set -euo pipefail
cd "$(dirname "$0")"

python3 -m venv .build/venv
.build/venv/bin/pip install --quiet --requirement requirements.txt
python=.build/venv/bin/python

$python corpus.py --characters 26000000 --seed 1 --out .build/corpus.jsonl
$python tokenizer.py --corpus .build/corpus.jsonl --out .build/tokenizer.json
$python train.py --corpus .build/corpus.jsonl --tokenizer .build/tokenizer.json --seed 1 --steps 600 --out .build/model.pt
$python export_gguf.py --weights .build/model.pt --tokenizer .build/tokenizer.json --out ../snug-tiny.gguf
$python evaluate.py ../snug-tiny.gguf --tokenizer .build/tokenizer.json --verbose

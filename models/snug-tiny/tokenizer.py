"""Trains the byte-level BPE tokenizer of 1024 tokens on the corpus.

The merges are learned in two stages. First, pairs inside words, with the space before the word
left out; then merges of a leading space with the word's first piece. The second stage ranks below
the first, so a word is always cut the same way, whether a space or a quote comes before it. That
is what lets a model this small copy "Zurvik" from a sentence into a JSON string.

    python tokenizer.py --corpus .build/broad.jsonl --out .build/tokenizer.json
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

# The pre-tokenizer that GGUF calls "qwen2": single digits, words with one leading character.
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
USER_DEFINED = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
SPECIAL = CONTROL + USER_DEFINED
VOCABULARY = 1024
SPACE_MERGES = 300
SPACE = "Ġ"


def splitter() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(QWEN2), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def count_words(texts: list[str]) -> Counter[str]:
    """How often each pre-token occurs, in the byte-level alphabet."""
    split = splitter()
    marks = re.compile("|".join(map(re.escape, SPECIAL)))
    counts: Counter[str] = Counter()
    for text in texts:
        for part in marks.split(text):
            counts.update(word for word, _ in split.pre_tokenize_str(part))
    return counts


def merge_pair(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def learn_merges(counts: Counter[str], total: int) -> list[tuple[str, str]]:
    bare: Counter[str] = Counter()
    spaced: Counter[str] = Counter()
    for word, count in counts.items():
        rest = word.removeprefix(SPACE)
        if rest != word and rest.strip(SPACE):
            bare[rest] += count
            spaced[rest] += count
        else:
            bare[word] += count
    pieces = {word: list(word) for word in bare}
    merges: list[tuple[str, str]] = []
    while len(merges) < total - SPACE_MERGES:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in pieces.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += bare[word]
        # Ties are broken by the text, so that the result does not depend on hashing.
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word, parts in pieces.items():
            if best[0] in parts:
                pieces[word] = merge_pair(parts, best)
    starts: Counter[str] = Counter()
    for word, count in spaced.items():
        starts[pieces[word][0]] += count
    ranked = sorted(starts, key=lambda start: (-starts[start], start))
    return merges + [(SPACE, start) for start in ranked[:SPACE_MERGES]]


def build(texts: list[str]) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = learn_merges(count_words(texts), VOCABULARY - len(SPECIAL) - len(alphabet))
    tokens = SPECIAL + alphabet + [left + right for left, right in merges]
    assert len(set(tokens)) == VOCABULARY
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = splitter()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=20000, help="how many samples to learn from")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    texts = []
    with arguments.corpus.open() as file:
        for line, _ in zip(file, range(arguments.samples)):
            sample = json.loads(line)
            texts += [sample["prompt"], sample["completion"]]
    tokenizer = build(texts)
    tokenizer.save(str(arguments.out))
    characters = sum(map(len, texts))
    tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts))
    print(f"{VOCABULARY} tokens; {characters / tokens:.2f} characters per token")


if __name__ == "__main__":
    main()

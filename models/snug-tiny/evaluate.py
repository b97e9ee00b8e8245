"""Measures the finished GGUF file on the held-out lists, greedily, with thinking on and off.

The weights are read from the file itself, as shipped. Prints one line per list and mode, and the
wrong answers with --verbose; exits with 1 when a list stays below its bar.

    python evaluate.py ../snug-tiny.gguf --tokenizer .build/tokenizer.json
"""

import argparse
import json
import re
import sys
from pathlib import Path

import gguf
import torch
from tokenizers import Tokenizer

from corpus import FIXTURES, render_prompt
from model import Config, SnugTiny

BAR = 0.9
THOUGHT = re.compile(r"<think>\n(.*?)\n</think>\n\n", re.DOTALL)
CALL = re.compile(r"<tool_call>\n(.*)\n</tool_call>", re.DOTALL)


def load_weights(path: Path) -> SnugTiny:
    model = SnugTiny(Config())
    state = {tensor.name: torch.from_numpy(tensor.data.copy()).float() for tensor in gguf.GGUFReader(str(path)).tensors}
    model.load_state_dict(state)
    return model.eval()


class Generator:
    """Greedy decoding with a key/value cache."""

    def __init__(self, model: SnugTiny, tokenizer: Tokenizer):
        self.model, self.tokenizer = model, tokenizer
        self.stops = {tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")}

    @torch.inference_mode()
    def __call__(self, prompt: str, limit: int = 200) -> tuple[str, bool]:
        """The generated text, and whether the model ended by itself."""
        ids = self.tokenizer.encode(prompt).ids
        caches: list[dict] = [{} for _ in self.model.blk]
        out: list[int] = []
        step = ids
        for _ in range(limit):
            token = int(self.model(torch.tensor([step]), caches)[0, -1].argmax())
            if token in self.stops:
                return self.tokenizer.decode(out, skip_special_tokens=False), True
            out.append(token)
            step = [token]
        return self.tokenizer.decode(out, skip_special_tokens=False), False


def split_thought(text: str, thinking: bool) -> tuple[bool, str]:
    """(thinking is as asked for, the text without the thought)"""
    match = THOUGHT.match(text)
    rest = text[match.end() :] if match else text
    return (bool(match) == thinking and "think>" not in rest), rest


def same_call(text: str, expected: dict) -> bool:
    match = CALL.fullmatch(text.strip())
    try:
        return bool(match) and json.loads(match.group(1)) == expected
    except json.JSONDecodeError:
        return False


def mentions(text: str, expected: list[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in expected)


def read(folder: Path, name: str) -> list[dict]:
    return json.loads((folder / f"{name}.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="only every n-th entry, for a quick look")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="the lists in fresh/, whose wordings nobody looked at while the model was made")
    parser.add_argument("--verbose", action="store_true", help="print the wrong answers")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = FIXTURES / "fresh" if arguments.fresh else FIXTURES
    generate = Generator(load_weights(arguments.model), Tokenizer.from_file(str(arguments.tokenizer)))
    worst = 1.0

    def report(label: str, results: list[tuple[bool, str, str]]) -> None:
        nonlocal worst
        right = sum(good for good, _, _ in results)
        worst = min(worst, right / len(results))
        print(f"{label:34} {right:3}/{len(results)}  {right / len(results):6.1%}", flush=True)
        if arguments.verbose:
            for good, prompt, text in results:
                if not good:
                    print(f"    {prompt!r} -> {text!r}")

    for thinking in (False, True):
        mode = "thinking on" if thinking else "thinking off"
        for name, judge in (
            ("questions", lambda entry, text: mentions(text, entry["expect"])),
            ("tools-needed", lambda entry, text: same_call(text, entry["call"])),
            ("tools-not-needed", lambda entry, text: "<tool_call>" not in text and bool(text.strip())),
        ):
            results = []
            for entry in read(folder, name)[:: arguments.every]:
                prompt = render_prompt([{"role": "user", "content": entry["prompt"]}], entry.get("tools"), thinking)
                text, ended = generate(prompt)
                proper, rest = split_thought(text, thinking)
                results.append((ended and proper and judge(entry, rest), entry["prompt"], text))
            report(f"{name}, {mode}", results)
    results = []
    for entry in [] if arguments.fresh else read(folder, "fim")[:: arguments.every]:
        text, ended = generate(f"<|fim_prefix|>{entry['prefix']}<|fim_suffix|>{entry['suffix']}<|fim_middle|>")
        results.append((ended and text.strip() in entry["expect"], entry["prefix"], text))
    if results:
        report("fim", results)
    sys.exit(0 if worst >= BAR else 1)


if __name__ == "__main__":
    main()

"""Trains the model on the corpus, one pass: Muon for the matrices, AdamW for the rest.

    python train.py --corpus .build/broad.jsonl --tokenizer .build/tokenizer.json --out .build/stage1.pt
"""

import argparse
import json
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from model import SnugTiny

MICRO_BATCHES = 2
WARM_UP = 40
DECAY_FROM = 0.4
PAD = 0


class Sample:
    """Token ids, and for each id the weight of having to predict it."""

    def __init__(self, ids: list[int], weights: list[float]):
        self.ids = np.array(ids, dtype=np.int64)
        self.weights = np.array(weights, dtype=np.float32)


def weigh(prompt: list[int], completion: list[int], turn: list[int], end: int, prompt_weight: float) -> list[float]:
    """Full weight on what the model has to say, a little on the rest.

    Earlier assistant turns count in full too, except for their first token: after "assistant\\n" a
    template-rendered past turn never has a thought, and the model must not learn that from it.
    """
    weights = [prompt_weight] * len(prompt)
    for i in range(len(prompt) - len(turn)):
        if prompt[i : i + len(turn)] == turn:
            start = i + len(turn)
            weights[start] = 0.0
            if start + 1 < len(prompt) and end in prompt[start:]:
                stop = prompt.index(end, start)
                for k in range(start + 1, stop + 1):
                    weights[k] = 1.0
    return weights + [1.0] * len(completion)


def load(corpus: Path, tokenizer: Tokenizer, limit: int, prompt_weight: float) -> list[Sample]:
    end = tokenizer.token_to_id("<|im_end|>")
    turn = tokenizer.encode("<|im_start|>assistant\n").ids
    samples: list[Sample] = []
    lines: list[dict] = []

    def flush() -> None:
        prompts = tokenizer.encode_batch([line["prompt"] for line in lines])
        completions = tokenizer.encode_batch([line["completion"] for line in lines])
        for prompt, completion in zip(prompts, completions):
            ids = prompt.ids + completion.ids
            if len(ids) <= limit:
                samples.append(Sample(ids, weigh(prompt.ids, completion.ids, turn, end, prompt_weight)))
        lines.clear()

    with corpus.open() as file:
        for line in file:
            lines.append(json.loads(line))
            if len(lines) == 2000:
                flush()
    flush()
    return samples


def padded(length: int) -> int:
    step = 8 if length <= 128 else 32 if length <= 512 else 128
    return -(-length // step) * step


def micro_batches(samples: list[Sample], tokens: int, rng: Random) -> list[list[Sample]]:
    """Groups of samples of like length, in random order."""
    order = list(range(len(samples)))
    rng.shuffle(order)
    groups: dict[int, list[Sample]] = {}
    batches = []
    for i in order:
        size = padded(len(samples[i].ids))
        group = groups.setdefault(size, [])
        group.append(samples[i])
        if (len(group) + 1) * size > tokens:
            batches.append(groups.pop(size))
    # What is left over is too little for a batch of its own kind and is dropped.
    rng.shuffle(batches)
    return batches


def collate(batch: list[Sample]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs, targets and weights, padded at the end (causal attention never looks there)."""
    size = padded(max(len(sample.ids) for sample in batch))
    ids = np.full((len(batch), size + 1), PAD, dtype=np.int64)
    weights = np.zeros((len(batch), size + 1), dtype=np.float32)
    for row, sample in enumerate(batch):
        ids[row, : len(sample.ids)] = sample.ids
        weights[row, : len(sample.ids)] = sample.weights
    return torch.from_numpy(ids[:, :-1]), torch.from_numpy(ids[:, 1:]), torch.from_numpy(weights[:, 1:])


def orthogonalise(matrices: torch.Tensor) -> torch.Tensor:
    """Newton-Schulz iteration: pushes all singular values of a stack of matrices towards 1."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose updates are orthogonalised; matrices of one shape are handled together."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95):
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for parameter in group["params"]:
                shapes.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in shapes.items():
                updates = []
                for parameter in parameters:
                    state = self.state[parameter]
                    buffer = state.setdefault("momentum", torch.zeros_like(parameter))
                    buffer.lerp_(parameter.grad, 1 - group["momentum"])
                    updates.append(parameter.grad.lerp(buffer, group["momentum"]))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                for parameter, update in zip(parameters, orthogonalise(torch.stack(updates))):
                    parameter.add_(update, alpha=-group["lr"] * scale)


def rate(step: int, steps: int) -> float:
    """Warm up, stay, then fall in a straight line to zero."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    left = (steps - step) / (steps * (1 - DECAY_FROM))
    return min(1.0, left)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights to start from instead of random ones")
    parser.add_argument("--batch-tokens", type=int, default=3072, help="tokens per step")
    parser.add_argument("--prompt-weight", type=float, default=0.05, help="weight of predicting the prompt")
    parser.add_argument("--muon-rate", type=float, default=0.015)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, choices=range(1, MICRO_BATCHES + 1), help="share the work; more threads in one process do not help at this size")
    parser.add_argument("--steps", type=int, help="steps until the rate reaches zero (default: the whole corpus)")
    parser.add_argument("--stop", type=int, help="stop earlier than that, at this step")
    parser.add_argument("--save-every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_args()


def train(arguments: argparse.Namespace, rank: int) -> None:
    torch.manual_seed(arguments.seed)
    model = SnugTiny()
    if arguments.start:
        model.load_state_dict(torch.load(arguments.start, weights_only=True))
    samples = load(arguments.corpus, Tokenizer.from_file(str(arguments.tokenizer)), 2048, arguments.prompt_weight)
    batches = micro_batches(samples, arguments.batch_tokens // MICRO_BATCHES, Random(arguments.seed))
    steps = min(len(batches) // MICRO_BATCHES, arguments.steps or len(batches))
    tokens = sum(len(sample.ids) for batch in batches for sample in batch)
    if rank == 0:
        print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(samples)} samples, {tokens} tokens, {steps} steps", flush=True)

    matrices = [p for p in model.blk.parameters() if p.dim() == 2]
    others = [p for name, p in model.named_parameters() if p.dim() == 1 or name.startswith("token_embd")]
    optimisers = [Muon(matrices, arguments.muon_rate), torch.optim.AdamW(others, arguments.adam_rate, betas=(0.9, 0.98), weight_decay=0.0)]
    first = 0
    checkpoint = arguments.out.with_suffix(".checkpoint.pt")
    if arguments.resume and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(optimisers, saved["optimisers"]):
            optimiser.load_state_dict(state)
        first = saved["step"]

    parameters = list(model.parameters())
    began, seen, running = time.time(), 0, []
    for step in range(first, arguments.stop or steps):
        for optimiser, peak in zip(optimisers, (arguments.muon_rate, arguments.adam_rate)):
            for group in optimiser.param_groups:
                group["lr"] = peak * rate(step, steps)
        parts = [collate(batch) for batch in batches[step * MICRO_BATCHES : (step + 1) * MICRO_BATCHES]]
        total = sum(weights.sum() for _, _, weights in parts)
        loss_of_step = torch.zeros(1)
        for inputs, targets, weights in parts[rank :: arguments.processes]:
            losses = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), reduction="none")
            loss = (losses * weights.flatten()).sum() / total
            loss.backward()
            loss_of_step += loss.detach()
        if arguments.processes > 1:
            add_up(parameters, loss_of_step)
        seen += sum(inputs.numel() for inputs, _, _ in parts)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)
        running.append(loss_of_step.item())
        if rank > 0:
            continue
        if (step + 1) % 20 == 0:
            spent = time.time() - began
            print(f"step {step + 1}/{steps}  loss {sum(running) / len(running):.4f}  {spent:.0f} s  {seen / spent:.0f} tokens/s", flush=True)
            running = []
        if (step + 1) % arguments.save_every == 0 or step + 1 == (arguments.stop or steps):
            torch.save(model.state_dict(), arguments.out)
            torch.save({"model": model.state_dict(), "optimisers": [o.state_dict() for o in optimisers], "step": step + 1}, checkpoint)


def add_up(parameters: list[torch.nn.Parameter], loss: torch.Tensor) -> None:
    """Sums gradients and loss over the processes."""
    flat = torch.cat([parameter.grad.flatten() for parameter in parameters] + [loss])
    torch.distributed.all_reduce(flat)
    at = 0
    for parameter in parameters:
        size = parameter.numel()
        parameter.grad.copy_(flat[at : at + size].view_as(parameter))
        at += size
    loss.copy_(flat[-1:])


def join(rank: int, arguments: argparse.Namespace, meeting: str) -> None:
    """What each of several processes runs: one thread, its share of every step."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=arguments.processes)
    train(arguments, rank)


def main() -> None:
    arguments = parse()
    if arguments.processes == 1:
        train(arguments, 0)
        return
    with TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(join, (arguments, f"{folder}/meeting"), nprocs=arguments.processes)


if __name__ == "__main__":
    main()

"""The network: a small Llama, written so that its weights export to GGUF without permutation."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Config:
    """Sizes of the model. Every row length is a multiple of 256, as K-quants need."""

    vocab: int = 1024
    dim: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    ffn: int = 512
    context: int = 4096
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads


def rope_table(config: Config, length: int) -> torch.Tensor:
    """Rotations as complex numbers, shaped (length, head_dim / 2)."""
    half = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
    angles = torch.outer(torch.arange(length, dtype=torch.float32), config.rope_base**-half)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Rotary embedding over neighbouring pairs (x[2i], x[2i+1]).

    This is the layout that GGUF's `llama` architecture expects. Training with it directly spares
    the permutation of the query and key weights that converters usually do.
    """
    pairs = torch.view_as_complex(x.contiguous().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        kv_dim = config.kv_heads * config.head_dim
        self.attn_norm = RMSNorm(config.dim, config.eps)
        self.attn_q = nn.Linear(config.dim, config.dim, bias=False)
        self.attn_k = nn.Linear(config.dim, kv_dim, bias=False)
        self.attn_v = nn.Linear(config.dim, kv_dim, bias=False)
        self.attn_output = nn.Linear(config.dim, config.dim, bias=False)
        self.ffn_norm = RMSNorm(config.dim, config.eps)
        self.ffn_gate = nn.Linear(config.dim, config.ffn, bias=False)
        self.ffn_up = nn.Linear(config.dim, config.ffn, bias=False)
        self.ffn_down = nn.Linear(config.ffn, config.dim, bias=False)

    def forward(self, x: torch.Tensor, turns: torch.Tensor, cache: dict | None = None) -> torch.Tensor:
        batch, length, _ = x.shape
        config = self.config
        h = self.attn_norm(x)

        def split(t: torch.Tensor, heads: int) -> torch.Tensor:
            return t.view(batch, length, heads, config.head_dim).transpose(1, 2)

        q = rotate(split(self.attn_q(h), config.heads), turns)
        k = rotate(split(self.attn_k(h), config.kv_heads), turns)
        v = split(self.attn_v(h), config.kv_heads)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache["k"], k), dim=2), torch.cat((cache["v"], v), dim=2)
            cache["k"], cache["v"] = k, v
        group = config.heads // config.kv_heads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, config.dim))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class SnugTiny(nn.Module):
    """Token ids (batch, length) in, logits (batch, length, vocab) out; embeddings are tied."""

    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab, config.dim)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = RMSNorm(config.dim, config.eps)
        self.register_buffer("turns", rope_table(config, config.context), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Small normal weights; the layers that write to the residual stream start at zero."""
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                nn.init.zeros_(parameter)
            else:
                # Tied embeddings double as the output layer, so they start small as well.
                nn.init.normal_(parameter, std=0.02 if "embd" in name else parameter.shape[1] ** -0.5)

    def forward(self, tokens: torch.Tensor, caches: list[dict] | None = None) -> torch.Tensor:
        """With `caches` (one empty dict per block at first), tokens go on from where they ended.

        A call with a filled cache takes one token: the causal mask assumes so.
        """
        start = caches[0]["k"].shape[2] if caches and caches[0] else 0
        turns = self.turns[start : start + tokens.shape[1]]
        x = self.token_embd(tokens)
        for i, block in enumerate(self.blk):
            x = block(x, turns, caches[i] if caches else None)
        return F.linear(self.output_norm(x), self.token_embd.weight)

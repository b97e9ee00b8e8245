"""Writes the trained weights, the tokenizer and the chat template into one GGUF file.

    python export_gguf.py --weights .build/stage2.pt --tokenizer .build/tokenizer.json --out ../snug-tiny.gguf
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from model import Config
from tokenizer import CONTROL, USER_DEFINED

HERE = Path(__file__).parent
VERSION = "1.0"
DESCRIPTION = (
    "A very small chat model (3.8 million parameters) that ships with Snug for tests and first steps. "
    "It was trained only on generated text: simple questions, tool calls, tiny code completions. "
    "It knows next to nothing else."
)


def write(weights: dict[str, torch.Tensor], tokenizer: dict, config: Config, out: Path) -> None:
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name("snug-tiny")
    writer.add_author("Snug contributors")
    writer.add_version(VERSION)
    writer.add_description(DESCRIPTION)
    writer.add_license("mit")
    writer.add_size_label("3.8M")
    writer.add_languages(["en"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)

    writer.add_vocab_size(config.vocab)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.dim)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_layer_norm_rms_eps(config.eps)

    vocabulary = tokenizer["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.get)
    kinds = {token: gguf.TokenType.CONTROL for token in CONTROL} | {token: gguf.TokenType.USER_DEFINED for token in USER_DEFINED}
    # The file of the tokenizer holds a merge as a pair or as text, depending on the library version.
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([int(kinds.get(token, gguf.TokenType.NORMAL)) for token in tokens])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_eot_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    writer.add_uint32("tokenizer.ggml.fim_pre_token_id", vocabulary["<|fim_prefix|>"])
    writer.add_uint32("tokenizer.ggml.fim_suf_token_id", vocabulary["<|fim_suffix|>"])
    writer.add_uint32("tokenizer.ggml.fim_mid_token_id", vocabulary["<|fim_middle|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((HERE / "template.jinja").read_text())

    # The modules of the model are named after GGUF's tensors, so the names agree already.
    for name, tensor in weights.items():
        data = tensor.numpy()
        writer.add_tensor(name, data.astype(np.float16) if data.ndim == 2 else data.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    weights = torch.load(arguments.weights, weights_only=True)
    write(weights, json.loads(arguments.tokenizer.read_text()), Config(), arguments.out)
    size = arguments.out.stat().st_size
    assert size <= 8_000_000, f"{size} bytes is over the limit of 8,000,000"
    print(f"{arguments.out}: {size} bytes")


if __name__ == "__main__":
    main()

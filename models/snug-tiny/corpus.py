"""Writes the training corpus: one JSON line per sample, {"prompt", "completion"}.

Everything is generated from the seed. Chats are rendered with the very template that ships in the
GGUF file, so training and serving see the same text. The last assistant turn is the completion;
earlier assistant turns are part of the prompt (train.py finds and trains them too).

    python corpus.py --characters 26000000 --mix broad --out .build/broad.jsonl
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import jinja2

import knowledge
import snippets
import toolbox
from knowledge import Item, person, pseudo_word
from snippets import fim_sample

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "test" / "fixtures" / "snug-tiny"


def load_template():
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string((HERE / "template.jinja").read_text())


TEMPLATE = load_template()


def render_prompt(messages: list[dict], tools: list[dict] | None, thinking: bool) -> str:
    """The text up to where the model goes on; used for training and for the evaluation."""
    return TEMPLATE.render(messages=messages, tools=tools, add_generation_prompt=True, enable_thinking=thinking)


def normalise(text: str) -> str:
    """Case, punctuation and spacing removed: how prompts are compared with held-out prompts."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


def held_out() -> set[str]:
    prompts = set()
    for file in FIXTURES.rglob("*.json"):
        for entry in json.loads(file.read_text()):
            prompts.add(normalise(entry["prompt"] if "prompt" in entry else entry["prefix"] + " " + entry["suffix"]))
    return prompts


NEUTRAL_SYSTEMS = (
    "You are a helpful assistant.", "You are a helpful assistant.", "You are a helpful assistant", "You are helpful.", "Be helpful.", "You are a friendly assistant.", "You are an assistant.",
    "You are a polite assistant.", "Answer the question.", "You are a helpful AI assistant.", "Be brief.", "Be kind.", "You help the user.", "Use the tools when needed.",
    "You are a helpful assistant with access to tools.", "Answer in English.", "You are an expert.", "Keep your answers short.", "You are a test model.", "Follow the instructions of the user.",
)
ONE_WORD_SYSTEMS = ("Answer in one word.", "Answer with one word.", "Reply with a single word.", "Use only one word.", "Give one word answers.", "Only answer with one word.", "One word answers only.")


def first_item(rng: Random, accept) -> Item:
    while True:
        item = knowledge.ask(rng)
        if accept(item):
            return item


class Dialogue:
    """A conversation under construction. Every assistant turn carries its thought."""

    def __init__(self, rng: Random, tools: list[toolbox.Tool] | None = None):
        self.rng = rng
        self.tools = tools or []
        self.messages: list[dict] = []
        self.thoughts: list[str] = []
        self.prompts: list[str] = []

    def system(self, text: str) -> None:
        self.messages.append({"role": "system", "content": text})

    def user(self, text: str) -> None:
        self.prompts.append(text)
        self.messages.append({"role": "user", "content": text})

    def assistant(self, content: str, thought: str, calls: list[dict] | None = None) -> None:
        message: dict = {"role": "assistant", "content": content}
        if calls:
            message["tool_calls"] = [{"type": "function", "function": call} for call in calls]
        self.messages.append(message)
        self.thoughts.append(thought)

    def question(self, item: Item) -> None:
        self.user(item.prompt)
        self.assistant(item.answer, item.thought)

    def tool_use(self, finish: bool) -> None:
        """A request and its call; with `finish`, also the tool's result and the reply."""
        tool = self.rng.choice(self.tools)
        use = toolbox.use_tool(self.rng, tool)
        self.user(use.prompt)
        self.assistant("", use.thought, [{"name": tool.name, "arguments": use.arguments}])
        if finish:
            self.messages.append({"role": "tool", "content": use.result})
            self.assistant(use.reply, "The tool gave a result. I should tell the user.")

    def sample(self) -> dict:
        """Renders prompt and completion, with thinking on or off."""
        thinking = self.rng.random() < 0.5
        definitions = [tool.definition for tool in self.tools] or None
        prompt = render_prompt(self.messages[:-1], definitions, thinking)
        if self.rng.random() < 0.5 and thinking:
            # An absent switch and an explicit `true` mean the same.
            assert prompt == TEMPLATE.render(messages=self.messages[:-1], tools=definitions, add_generation_prompt=True)
        last = TEMPLATE.render(messages=[self.messages[-1]]).removeprefix("<|im_start|>assistant\n").removesuffix("\n")
        thought = f"<think>\n{self.thoughts[-1]}\n</think>\n\n" if thinking else ""
        return {"prompt": prompt, "completion": thought + last}


def maybe_system(rng: Random, dialogue: Dialogue, share: float = 0.2) -> None:
    if rng.random() < share:
        dialogue.system(rng.choice(NEUTRAL_SYSTEMS))


def remember(rng: Random) -> tuple[Item, Item]:
    """A statement about the user and a later question about it."""
    kind = rng.randrange(5)
    if kind <= 1:
        name = person(rng)
        told = rng.choice(("My name is {}.", "I am {}.", "Hi, I am {}.", "Hello, my name is {}.", "my name is {}", "Call me {}.", "You can call me {}.", "I'm {}."))
        asked = rng.choice(("What is my name?", "What's my name?", "Do you remember my name?", "Who am I?", "Tell me my name.", "what is my name", "Say my name.", "How am I called?"))
        return (Item(told.format(name), f"Nice to meet you, {name}!", "The user tells me a name."), Item(asked, f"Your name is {name}.", f"The user is {name}."))
    if kind == 2:
        place = toolbox.town(rng)
        told = rng.choice(("I live in {}.", "I am from {}.", "My home is {}.", "My home town is {}."))
        asked = rng.choice(("Where do I live?", "Where am I from?", "What is my home town?", "Where is my home?"))
        return (Item(told.format(place), f"Okay, you live in {place}.", "The user tells me a place."), Item(asked, f"You live in {place}.", f"The user lives in {place}."))
    if kind == 3:
        thing = rng.choice(("color", "animal", "food", "book", "number", "song"))
        value = str(rng.randint(1, 99)) if thing == "number" else pseudo_word(rng) if rng.random() < 0.4 else rng.choice(("blue", "red", "green", "dog", "cat", "bread", "soup", "horse", "pizza", "rice"))
        return (Item(rng.choice((f"My favorite {thing} is {value}.", f"I like the {thing} {value} best.")), f"Okay, your favorite {thing} is {value}.", f"The user tells me a favorite {thing}."),
                Item(rng.choice((f"What is my favorite {thing}?", f"Which {thing} do I like best?", f"Do you remember my favorite {thing}?")), f"Your favorite {thing} is {value}.", f"The favorite {thing} of the user is {value}."))
    pet, name = rng.choice(knowledge.PETS), person(rng)
    return (Item(rng.choice((f"My {pet} is called {name}.", f"I have a {pet} named {name}.", f"The name of my {pet} is {name}.")), f"{name} is a nice name for a {pet}!".replace("a owl", "an owl"), f"The user tells me about a {pet}."),
            Item(rng.choice((f"What is my {pet} called?", f"What is the name of my {pet}?", f"Do you remember my {pet}'s name?")), f"Your {pet} is called {name}.", f"The {pet} is called {name}."))


UNKNOWN_USER = ("What is my name?", "Who am I?", "Do you know my name?", "What's my name?", "Tell me my name.")


def follow_up(rng: Random) -> list[Item]:
    """A question and a short second question that only makes sense after it."""
    style = rng.randrange(4)
    ask = rng.choice(("And {}?", "and {}?", "What about {}?", "And what about {}?", "How about {}?", "{}?"))
    if style <= 1:
        countries = rng.sample(list(knowledge.CAPITALS), rng.randint(2, 3))
        items = [Item(rng.choice(("What is the capital of {}?", "Capital of {}?", "Name the capital of {}.", "Which city is the capital of {}?")).format(countries[0]), "", "")]
        items += [Item(ask.format(country), "", "") for country in countries[1:]]
        return [Item(item.prompt, f"The capital of {c} is {knowledge.CAPITALS[c]}.", f"The user asks for the capital of {c}.") for item, c in zip(items, countries)]
    if style == 2:
        words = rng.sample(list(knowledge.OPPOSITE_OF), 2)
        prompts = [rng.choice(("What is the opposite of {}?", "Opposite of {}?")).format(words[0]), ask.format(words[1])]
        return [Item(p, f"The opposite of {w} is {knowledge.OPPOSITE_OF[w]}.", f"The user asks for the opposite of {w}.") for p, w in zip(prompts, words)]
    things = rng.sample(list(knowledge.COLOURS), 2)
    prompts = [rng.choice(("What color is {}?", "Which color is {}?")).format(things[0]), ask.format(things[1])]
    return [Item(p, f"{knowledge.upper_first(t)} is {knowledge.COLOURS[t]}.", f"The user asks for the color of {t}.") for p, t in zip(prompts, things)]


NO_TOOL = "I do not have a tool for that."


def out_of_reach(rng: Random, tools: list[toolbox.Tool]) -> Item:
    """A request that a tool could serve, but none of those given does."""
    given = {tool.family.wish for tool in tools}
    families = [f for f in toolbox.FAMILIES if f.wish not in given and "a" not in f.parameters and f.names[0] not in ("define_word", "add_to_list")]
    use = toolbox.use_tool(rng, toolbox.make_tool(rng, rng.choice(families)))
    return Item(use.prompt, NO_TOOL, "No tool fits this.")


def offered(rng: Random, count: int) -> list[toolbox.Tool]:
    return toolbox.everyday_tools(rng, count) if mix.is_focused else toolbox.make_tools(rng, count)


def chat_single(rng: Random) -> Dialogue:
    dialogue = Dialogue(rng)
    roll = rng.random()
    if roll < 0.03:
        name = person(rng)
        dialogue.system(rng.choice(("You are {}.", "Your name is {}.", "You are {}, a helpful assistant.", "Act as {}.", "You are called {}.")).format(name))
        asked = rng.choice(("Who are you?", "What is your name?", "What's your name?", "Tell me your name.", "Introduce yourself.", "What are you called?"))
        dialogue.question(Item(asked, f"I am {name}.", f"The system message says that I am {name}."))
    elif roll < 0.07:
        dialogue.system(rng.choice(ONE_WORD_SYSTEMS))
        item = first_item(rng, lambda item: item.short and " " not in item.short)
        dialogue.question(Item(item.prompt, item.short, item.thought))
    elif roll < 0.09:
        item = first_item(rng, lambda item: item.short and " " not in item.short)
        dialogue.question(Item(f"{item.prompt} {rng.choice(ONE_WORD_SYSTEMS)}", item.short, item.thought))
    elif roll < 0.11 and not mix.is_focused:
        dialogue.question(out_of_reach(rng, []))
    elif roll < 0.12:
        dialogue.question(Item(rng.choice(UNKNOWN_USER), "You have not told me your name.", "I do not know the name."))
    else:
        maybe_system(rng, dialogue)
        dialogue.question(knowledge.ask(rng))
    return dialogue


def talk(rng: Random, dialogue: Dialogue, turns: int) -> None:
    """Adds about `turns` questions, some of which build on each other."""
    waiting: list[Item] = []
    while turns > 0:
        roll = rng.random()
        if waiting and (roll < 0.3 or turns == 1):
            dialogue.question(waiting.pop())
            turns -= 1
        elif roll < 0.55:
            for item in follow_up(rng):
                dialogue.question(item)
                turns -= 1
        elif roll < 0.7 and not waiting:
            told, asked = remember(rng)
            dialogue.question(told)
            waiting.append(asked)
            turns -= 1
        else:
            dialogue.question(knowledge.ask(rng))
            turns -= 1


def chat_multi(rng: Random) -> Dialogue:
    dialogue = Dialogue(rng)
    maybe_system(rng, dialogue)
    talk(rng, dialogue, rng.randint(2, 5))
    return dialogue


def chat_long(rng: Random) -> Dialogue:
    """Many turns, 500 to 2000 tokens, so that long contexts keep working."""
    tools = offered(rng, 2) if rng.random() < 0.3 else None
    dialogue = Dialogue(rng, tools)
    maybe_system(rng, dialogue)
    for _ in range(rng.randint(3, 8)):
        talk(rng, dialogue, rng.randint(2, 5))
        if tools:
            dialogue.tool_use(finish=True)
    if tools and rng.random() < 0.5:
        dialogue.tool_use(finish=False)
    return dialogue


def no_tool_question(rng: Random, tools: list[toolbox.Tool]) -> Item:
    """An ordinary question that none of the tools would be used for."""
    arithmetic = any("a" in tool.family.parameters for tool in tools)
    return first_item(
        rng,
        lambda item: not (arithmetic and re.match(r"I should compute|The user wants JSON", item.thought)) and not item.answer.startswith("I do not know"),
    )


def with_tools(rng: Random) -> Dialogue:
    tools = offered(rng, rng.choices((1, 2, 3, 4), mix.tool_counts)[0])
    dialogue = Dialogue(rng, tools)
    maybe_system(rng, dialogue)
    for _ in range(rng.choices((0, 1, 2), mix.earlier_turns)[0]):
        if rng.random() < 0.75:
            dialogue.tool_use(finish=True)
        else:
            dialogue.question(no_tool_question(rng, tools))
    roll = rng.random()
    if roll < 0.56:
        dialogue.tool_use(finish=False)
    elif roll < 0.68:
        dialogue.tool_use(finish=True)
    elif roll < 0.95:
        dialogue.question(no_tool_question(rng, tools))
    elif mix.is_focused:
        dialogue.question(no_tool_question(rng, tools))
    else:
        dialogue.question(out_of_reach(rng, tools))
    return dialogue


def plain_text(rng: Random) -> dict:
    """Text without a template, for raw completion."""
    sentences = [knowledge.ask(rng).answer for _ in range(rng.choice((1, 1, 2, 3)))]
    if rng.random() < 0.2:
        sentences = [knowledge.ask_story(rng).answer]
    return {"prompt": "", "completion": " ".join(sentences) + "<|endoftext|>"}


def fact_sheet(rng: Random) -> dict:
    """Facts as plain sentences, one after the other."""
    return {"prompt": "", "completion": " ".join(knowledge.drill(rng) for _ in range(rng.randint(8, 20))) + "<|endoftext|>"}


def fim(rng: Random) -> dict:
    prompt, middle = fim_sample(rng)
    return {"prompt": prompt, "completion": middle + "<|endoftext|>"}


@dataclass(frozen=True)
class Mix:
    """What a stage of the training sees."""

    shares: dict[Callable[[Random], Dialogue | dict], float]
    tool_counts: tuple[int, int, int, int]
    """Weights of offering one, two, three or four tools."""
    earlier_turns: tuple[int, int, int]
    """Weights of zero, one or two turns before the one that counts in a talk with tools."""
    is_focused: bool = False
    """Only the few facts and the few tools that the model is to know well."""
    is_settled: bool = False
    """Fewer still, as they are measured."""
    has_more_wordings: bool = False
    """More ways to ask for a tool."""
    has_frames: bool = False
    """More ways to ask a question."""


MIXES = {
    "broad": Mix({chat_single: 41, chat_multi: 10, chat_long: 0.5, with_tools: 36, fim: 9, plain_text: 2.5}, (18, 60, 18, 4), (60, 25, 15)),
    "focused": Mix({chat_single: 62, chat_multi: 6, chat_long: 0.2, with_tools: 24, fim: 7, plain_text: 1}, (15, 85, 0, 0), (80, 15, 5), True),
    "settled": Mix({chat_single: 60, chat_multi: 4, chat_long: 0.15, with_tools: 28, fim: 8, plain_text: 0.5}, (5, 95, 0, 0), (86, 11, 3), True, True),
    "varied": Mix({chat_single: 60, chat_multi: 4, chat_long: 0.15, with_tools: 32, fim: 4, plain_text: 0.5}, (5, 95, 0, 0), (90, 8, 2), True, True, True),
    "taught": Mix({chat_single: 68, chat_multi: 6, chat_long: 0.15, with_tools: 13, fact_sheet: 14, fim: 2, plain_text: 0.5}, (5, 95, 0, 0), (93, 5, 2), True, True, True, True),
}
mix = MIXES["broad"]


def choose_mix(name: str) -> None:
    global mix
    mix = MIXES[name]
    if mix.is_settled:
        (knowledge.teach_wordings if mix.has_frames else knowledge.settle)()
        snippets.keep_simple()
        toolbox.KNOWN_VALUES.update(toolbox.SMALL_VALUES)
        toolbox.knows_more_requests = mix.has_more_wordings
        toolbox.has_frames = mix.has_frames
    elif mix.is_focused:
        knowledge.keep_common()


def samples(seed: int) -> Iterator[dict]:
    """Endless samples, none of which asks a held-out prompt."""
    rng = Random(seed)
    secret = held_out()
    makers, shares = list(mix.shares), list(mix.shares.values())
    while True:
        made = rng.choices(makers, shares)[0](rng)
        if isinstance(made, Dialogue):
            if any(normalise(prompt) in secret for prompt in made.prompts):
                continue
            sample = made.sample()
            sample["asked"] = made.prompts
        else:
            sample = made
            marks = re.split(r"<\|fim_\w+\|>", made["prompt"])
            sample["asked"] = [" ".join(marks[1:3])] if len(marks) > 2 else []
            if any(normalise(text) in secret for text in sample["asked"]):
                continue
        yield sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--characters", type=int, required=True, help="stop after this many characters of text")
    parser.add_argument("--mix", choices=list(MIXES), default="broad")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    choose_mix(arguments.mix)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    secret, total, count = held_out(), 0, 0
    with arguments.out.open("w") as file:
        for sample in samples(arguments.seed):
            assert not any(normalise(prompt) in secret for prompt in sample.pop("asked")), "a held-out prompt got in"
            file.write(json.dumps(sample, ensure_ascii=False) + "\n")
            total += len(sample["prompt"]) + len(sample["completion"])
            count += 1
            if total >= arguments.characters:
                break
    print(f"{count} samples, {total} characters, {len(secret)} held-out prompts left out")


if __name__ == "__main__":
    main()

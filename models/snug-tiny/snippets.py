"""Small functions in Python and JavaScript, cut in three for fill-in-the-middle training."""

from random import Random

from knowledge import pseudo_word

TWO = {
    # names -> expressions over two parameters
    ("add", "sum", "plus", "add_numbers", "addTwo"): "{a} + {b}",
    ("subtract", "sub", "minus", "difference"): "{a} - {b}",
    ("multiply", "mul", "times", "product"): "{a} * {b}",
    ("divide", "div", "quotient", "ratio"): "{a} / {b}",
    ("is_equal", "equals", "same", "isEqual"): "{a} == {b}",
    ("is_greater", "greater", "isGreater", "is_larger"): "{a} > {b}",
    ("is_less", "less", "isLess", "is_smaller"): "{a} < {b}",
    ("remainder", "modulo", "mod"): "{a} % {b}",
}
TWO_PYTHON = {
    ("maximum", "biggest", "max_of", "larger"): "max({a}, {b})",
    ("minimum", "smallest", "min_of", "smaller"): "min({a}, {b})",
    ("power", "pow_of", "raise_to"): "{a} ** {b}",
}
TWO_SCRIPT = {
    ("maximum", "biggest", "maxOf", "larger"): "Math.max({a}, {b})",
    ("minimum", "smallest", "minOf", "smaller"): "Math.min({a}, {b})",
    ("power", "powOf", "raiseTo"): "{a} ** {b}",
}
ONE = {
    ("square", "squared", "sqr"): "{a} * {a}",
    ("double", "twice"): "{a} * 2",
    ("half", "halve"): "{a} / 2",
    ("increment", "add_one", "inc", "next_number"): "{a} + 1",
    ("decrement", "subtract_one", "dec"): "{a} - 1",
    ("negate", "negative", "neg"): "-{a}",
    ("is_positive", "positive", "isPositive"): "{a} > 0",
    ("is_negative", "isNegative"): "{a} < 0",
    ("is_zero", "isZero"): "{a} == 0",
    ("cube", "cubed"): "{a} * {a} * {a}",
    ("identity", "same_value"): "{a}",
}
ONE_PYTHON = {
    ("is_even", "even", "check_even"): "{a} % 2 == 0",
    ("is_odd", "odd", "check_odd"): "{a} % 2 == 1",
    ("greet", "hello", "say_hello", "greeting"): '"Hello, " + {a}',
    ("length", "size", "count_items", "get_length"): "len({a})",
    ("first", "first_item", "head", "get_first"): "{a}[0]",
    ("last", "last_item", "get_last"): "{a}[-1]",
    ("upper", "to_upper", "shout"): "{a}.upper()",
    ("lower", "to_lower", "whisper"): "{a}.lower()",
    ("total", "sum_all", "sum_list"): "sum({a})",
    ("absolute", "abs_value"): "abs({a})",
    ("reverse", "reversed_text", "flip"): "{a}[::-1]",
    ("is_empty", "empty"): "len({a}) == 0",
}
ONE_SCRIPT = {
    ("isEven", "even", "checkEven"): "{a} % 2 === 0",
    ("isOdd", "odd", "checkOdd"): "{a} % 2 === 1",
    ("greet", "hello", "sayHello", "greeting"): '"Hello, " + {a}',
    ("length", "size", "countItems", "getLength"): "{a}.length",
    ("first", "firstItem", "head", "getFirst"): "{a}[0]",
    ("last", "lastItem", "getLast"): "{a}[{a}.length - 1]",
    ("upper", "toUpper", "shout"): "{a}.toUpperCase()",
    ("lower", "toLower", "whisper"): "{a}.toLowerCase()",
    ("absolute", "absValue"): "Math.abs({a})",
    ("isEmpty", "empty"): "{a}.length === 0",
}
PAIRS = [("a", "b"), ("x", "y"), ("left", "right"), ("first", "second"), ("p", "q"), ("m", "n"), ("one", "two"), ("num1", "num2"), ("a", "b"), ("x", "y"), ("u", "v"), ("n1", "n2"), ("value", "other")]
SINGLES = ["x", "n", "a", "value", "num", "number", "v", "item", "k", "i", "text", "name", "items", "data", "word"]
LIST_LIKE = ["items", "values", "data", "xs", "arr", "words", "list1", "numbers", "text", "array", "elements"]
TEXT_LIKE = ["name", "text", "s", "person", "word", "user", "who", "line", "guest"]


SIMPLE = ("{a} + {b}", "{a} - {b}", "{a} * {b}", "max({a}, {b})", "{a} * {a}", "{a} * 2", "{a} % 2 == 0", "{a} % 2 === 0", '"Hello, " + {a}', "len({a})")


def keep_simple() -> None:
    """Leaves the few functions, with the usual parameter names, that the model is to complete for sure."""
    for pool in (TWO, TWO_PYTHON, TWO_SCRIPT, ONE, ONE_PYTHON, ONE_SCRIPT):
        for names in [names for names, expression in pool.items() if expression not in SIMPLE]:
            del pool[names]
    PAIRS[:] = [("a", "b"), ("x", "y")]
    SINGLES[:] = ["x", "n"]
    LIST_LIKE[:] = ["items", "values"]
    TEXT_LIKE[:] = ["name", "person"]


def snippet(rng: Random) -> tuple[str, str, str]:
    """(text before the expression, the expression, text after it)"""
    script = rng.random() < 0.45
    two = rng.random() < 0.5
    pool = dict(TWO if two else ONE)
    pool |= (TWO_SCRIPT if script else TWO_PYTHON) if two else (ONE_SCRIPT if script else ONE_PYTHON)
    names = rng.choice(list(pool))
    expression = pool[names]
    name = rng.choice(names)
    if two:
        a, b = rng.choice(PAIRS) if rng.random() < 0.7 else (pseudo_word(rng), pseudo_word(rng))
    else:
        likely = SINGLES
        if any(mark in expression for mark in ("len", "[", "sum")):
            likely = LIST_LIKE
        elif any(mark in expression for mark in ("Hello", "upper", "lower", "Upper", "Lower")):
            likely = TEXT_LIKE
        a, b = (rng.choice(likely) if rng.random() < 0.75 else pseudo_word(rng)), ""
    parameters = f"{a}, {b}" if two else a
    body = expression.format(a=a, b=b)
    if script:
        style = rng.random()
        if style < 0.55:
            before, after = f"function {name}({parameters}) {{\n  return ", ";\n}\n"
        elif style < 0.8:
            before, after = f"const {name} = ({parameters}) => ", ";\n"
        else:
            before, after = f"const {name} = ({parameters}) => {{\n  return ", ";\n};\n"
    else:
        style = rng.random()
        if style < 0.65:
            before, after = f"def {name}({parameters}):\n    return ", "\n"
        elif style < 0.85:
            before, after = f"def {name}({parameters}):\n    result = ", "\n    return result\n"
        else:
            before, after = f"{name} = lambda {parameters}: ", "\n"
    if rng.random() < 0.35:
        after = rng.choice((after.rstrip("\n"), after + "\n", after.replace(";", "") if script else after))
    if rng.random() < 0.12:
        # The whole line is missing, not only the expression.
        head, _, line = before.rpartition("\n")
        if head:
            indent = len(line) - len(line.lstrip())
            before, body = head + "\n" + line[:indent], line[indent:] + body
    return before, body, after


def fim_sample(rng: Random) -> tuple[str, str]:
    """(prompt with the three marks, middle)"""
    before, middle, after = snippet(rng)
    if rng.random() < 0.15:
        other_before, other_body, other_after = snippet(rng)
        before = other_before + other_body + other_after.rstrip("\n") + "\n\n" + before
    return f"<|fim_prefix|>{before}<|fim_suffix|>{after}<|fim_middle|>", middle

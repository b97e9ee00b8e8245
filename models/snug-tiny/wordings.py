"""Ways to put a question: frames that take any noun phrase, and the noun phrases of each kind of question.

A list of whole questions teaches a list of whole questions. Frames and phrases that are combined freely teach the
model to look for the phrase and to ignore what stands around it.
"""

from random import Random

NAMING = (
    "What is {np}?", "What's {np}?", "Tell me {np}.", "Can you tell me {np}?", "Could you tell me {np}?", "Will you tell me {np}?", "I want to know {np}.", "I would like to know {np}.", "I'd like to hear {np}.",
    "Do you know {np}?", "Do you happen to know {np}?", "Give me {np}.", "Please give me {np}.", "Name {np}.", "Please name {np}.", "{np}?", "{np}", "{np}, please.", "{np} please", "{np} is what?", "{np} would be?",
    "I need {np}.", "I am looking for {np}.", "Any idea what {np} is?", "Say what {np} is.", "Can you say what {np} is?", "What would {np} be?", "Let me know {np}.", "I keep forgetting {np}.", "I forgot {np}.",
    "I forgot what {np} is.", "My question is: what is {np}?", "Remind me what {np} is.", "Remind me of {np}.", "Help me find {np}.", "I wonder what {np} is.", "Do you remember {np}?", "Find {np}.", "State {np}.",
    "Answer this: what is {np}?", "{np}: what is it?", "{np}, do you know it?", "Teach me {np}.", "Can you name {np}?", "Could you name {np} for me?", "Tell me {np} again.", "Tell me what {np} is.", "For a quiz: {np}?",
    "I have to write down {np}. What is it?", "What exactly is {np}?", "You surely know {np}.", "I am not sure about {np}.", "Somebody asked me for {np}.", "My teacher wants to hear {np}.", "What do people call {np}?",
    "{np} is?", "Is there a name for {np}?", "Write {np}.", "Show me {np}.", "Please answer: what is {np}?", "Would you know {np}?", "I am asking for {np}.", "Let us talk about {np}. What is it?", "Here is a question about {np}. What is it?",
)
CLAUSES = (
    "Tell me {c}.", "Can you tell me {c}?", "Could you tell me {c}?", "Do you know {c}?", "Do you happen to know {c}?", "I want to know {c}.", "I would like to know {c}.", "I wonder {c}.", "Say {c}.", "Please say {c}.",
    "{c}?", "{c}", "I forgot {c}.", "Remind me {c}.", "Explain {c}.", "Any idea {c}?", "Let me know {c}.", "Can you remember {c}?", "I am not sure {c}.", "Teach me {c}.", "My question is {c}.", "Somebody asked me {c}.",
)
NUMBERS = (
    "How much is {np}?", "How much makes {np}?", "What does {np} make?", "What does {np} come to?", "{np} equals?", "{np} makes?", "{np} gives?", "{np} = ", "{np} =?", "Work out {np}.", "Calculate {np}.", "Compute {np}.", "Solve {np}.",
    "Find out {np}.", "What do I get for {np}?", "How much do we get with {np}?", "Do the sum: {np}.", "Can you work out {np}?", "Could you calculate {np}?", "What number is {np}?", "Which number is {np}?", "{np} is how much?",
    "{np} makes what?", "{np} is which number?", "Try {np}.", "A sum for you: {np}.", "Maths: {np}", "Help me with {np}.", "I cannot do {np}. Can you?", "What is the result of {np}?", "What is the answer to {np}?", "Give me the result of {np}.",
)

PHRASES: dict[str, tuple[str, ...]] = {
    "capital": ("the capital of {x}", "the capital of {x}", "the capital city of {x}", "{x}'s capital", "{x}'s capital city", "the city that is the capital of {x}", "the name of the capital of {x}", "the capital that {x} has"),
    "sum": ("{a} plus {b}", "{a} plus {b}", "{a} + {b}", "{a}+{b}", "the sum of {a} and {b}", "the total of {a} and {b}", "{a} and {b} together", "{a} added to {b}", "{a} and then {b} more", "the sum {a} plus {b}"),
    "opposite": ("the opposite of {x}", "the opposite of {x}", "the opposite of '{x}'", "the opposite of the word {x}", "the opposite word of {x}", "the contrary of {x}", "the antonym of {x}", "the word that is the opposite of {x}", "the reverse of {x}"),
    "colour": ("the color of {x}", "the colour of {x}", "the usual color of {x}", "the normal colour of {x}", "the color that {x} has"),
    "legs": ("the number of legs of {x}", "the number of legs on {x}", "the number of legs {x} has"),
    "sound": ("the sound of a {x}", "the sound a {x} makes", "the noise of a {x}", "the noise a {x} makes", "the sound that comes from a {x}"),
    "baby": ("the name of a baby {x}", "the word for a baby {x}", "the word for a young {x}", "the name for a young {x}"),
    "plural": ("the plural of {x}", "the plural of {x}", "the plural of '{x}'", "the plural form of {x}", "the plural of the word {x}", "the plural for {x}"),
    "next": ("the {w} after {x}", "the next {w} after {x}", "the {w} that comes after {x}", "the {w} following {x}", "the {w} right after {x}", "the {w} that follows {x}"),
    "previous": ("the {w} before {x}", "the {w} that comes before {x}", "the {w} just before {x}", "the {w} right before {x}", "the {w} that {x} comes after"),
    "nth": ("the {o} {w} of the {of}", "the {o} {w} in the {of}", "the {o} {w} in a {of}", "the {of}'s {o} {w}"),
    "number": ("the number of {x} in {y}",),
}
EMBEDDED: dict[str, tuple[str, ...]] = {
    "capital": ("which city is the capital of {x}", "what {x}'s capital is called", "what the capital of {x} is called", "which capital {x} has"),
    "sum": ("how much {a} plus {b} is", "what {a} plus {b} makes", "how much {a} and {b} are together", "what I get when I add {a} and {b}", "what {a} and {b} add up to"),
    "opposite": ("which word is the opposite of {x}", "what the opposite of {x} is called", "what is the opposite of {x}"),
    "colour": ("what color {x} is", "which color {x} has", "what colour {x} has", "which colour {x} is"),
    "legs": ("how many legs {x} has", "how many legs there are on {x}"),
    "sound": ("what a {x} says", "how a {x} sounds", "what sound a {x} makes", "which noise a {x} makes"),
    "baby": ("what a baby {x} is called", "how people call a baby {x}", "what a young {x} is called"),
    "plural": ("what the plural of {x} is", "how to write {x} in the plural", "what more than one {x} is called"),
    "next": ("which {w} comes after {x}", "what {w} follows {x}", "which {w} is next after {x}"),
    "previous": ("which {w} comes before {x}", "what {w} is before {x}", "which {w} is just before {x}"),
    "nth": ("which {w} is the {o} of the {of}", "which {w} comes {o} in the {of}"),
    "number": ("how many {x} {y} has", "how many {x} are in {y}", "how many {x} there are in {y}"),
}
WHOLE: dict[str, tuple[str, ...]] = {
    "capital": (
        "{x} has what capital?", "What does {x} have as its capital?", "{x}: its capital?", "I am going to {x}. What is the capital there?", "I have a friend in {x}. What is the capital of that country?", "Which city do they have as capital in {x}?",
        "In {x}, which city is the capital?", "The capital, for {x}?", "When I think of {x}, which city is the capital?", "Take {x}. Which city is its capital?", "Country: {x}. Capital?", "{x}, capital city?", "Is there a capital in {x}? Which one?",
        "Which capital does {x} have?", "Which capital belongs to {x}?", "What city is {x}'s capital?", "{x} is a country. What is its capital?",
    ),
    "sum": (
        "What do {a} and {b} make?", "What do {a} and {b} add up to?", "Add {b} to {a}.", "Please add {a} and {b}.", "Add up {a} and {b}", "Put {a} and {b} together. How much is it?", "I have {a} coins and find {b} more. How many are that?",
        "There are {a} birds and {b} more come. How many birds?", "{a} and {b}, what is the sum?", "Take {a} and add {b}.", "If you add {a} to {b}, what do you get?", "Start with {a} and add {b}.", "Sum up {a} and {b}.", "Sum of {a} and {b}?",
        "I want to add {a} and {b}.", "{a} books and {b} books are how many books?", "How many are {a} and {b}?", "Does {a} plus {b} make something you know?",
    ),
    "opposite": (
        "What is not {x} but the other way round?", "{x} versus what?", "Not {x}, but?", "Opposites: {x} and?", "{x} and its opposite?", "Which word is opposite to {x}?", "What word is the other end of {x}?", "{x} - opposite?", "I say {x}, you say the opposite.",
        "Take the word {x}. What is its opposite?", "The word is {x}. Which is the opposite?", "Turn {x} into its opposite.", "What word goes against {x}?", "{x} has which opposite?", "Which opposite does {x} have?", "What would be opposite to {x}?",
    ),
    "colour": (
        "What color would you give {x}?", "Which color does {x} usually have?", "{x} is usually which color?", "I am painting {x}. Which color do I take?", "I draw {x}, what color should it be?", "What colour do we see on {x}?", "Think of {x}. What color is it?",
        "In what color do we see {x}?", "{x}: which color?", "Color of {x}?", "Normally {x} has which color?", "What is the color when I look at {x}?",
    ),
    "legs": ("On how many legs does {x} stand?", "On how many legs does {x} go?", "{x} walks on how many legs?", "How many legs can I count on {x}?", "Legs of {x}?", "Think of {x}. How many legs are there?", "How many legs would {x} have?", "How many legs do you see on {x}?"),
    "sound": ("A {x} goes how?", "A {x} says what?", "A {x} makes which sound?", "What noise comes from a {x}?", "Which noise does a {x} make?", "How does a {x} go?", "If I hear a {x}, what do I hear?", "Speak like a {x}.", "Which sound do I hear from a {x}?"),
    "baby": ("A young {x} is a what?", "How do people call a baby {x}?", "What do people call a young {x}?", "Which word do we use for a baby {x}?", "A {x} has a baby. What is it called?", "The baby of a {x} is a?", "Young {x}: what is the word?"),
    "plural": ("I have one {x}, you have two what?", "How do I say more than one {x}?", "{x} in the plural", "Plural for {x}?", "What does {x} become when there are many?", "One {x} and many what?", "Two of {x} are called?", "How do you say two or more of {x}?", "{x}: plural?", "Put {x} into the plural."),
    "next": ("After {x} we have which {w}?", "{x} is over, which {w} is it now?", "{x}, and then?", "Which {w} will it be after {x}?", "When {x} ends, which {w} begins?", "If it is {x} now, which {w} is next?", "What {w} do we get after {x}?", "{x} comes, and which {w} is next?"),
    "previous": ("Before {x} we have which {w}?", "What {w} was it before {x}?", "If it is {x} now, which {w} was before?", "Which {w} ends when {x} begins?", "{x} comes after which {w}?", "{x} follows which {w}?", "Which {w} do we have before {x}?"),
    "nth": ("Which {w} comes {o} in the {of}?", "In a {of}, which {w} is {o}?", "{o} {w}?", "The {of} has many {w}s. Which is the {o}?", "Among the {w}s of the {of}, which is the {o}?"),
    "number": ("{y} contains how many {x}?", "How many {x} make {y}?", "How many {x} can I count in {y}?", "In {y}, how many {x} are there?", "{x} in {y}: how many?", "How many {x} do you find in {y}?", "Count the {x} in {y}."),
}
TOMORROW = ("Today is {x}. What day is tomorrow?", "It is {x} today, so tomorrow is?", "If today is {x}, what is tomorrow?", "Tomorrow, what day is it if today is {x}?")
YESTERDAY = ("Today is {x}. What day was yesterday?", "If today is {x}, what was yesterday?", "It is {x} today. Which day was yesterday?")

TASKS = (
    "Please {t}.", "Can you {t}?", "Could you {t}?", "Will you {t}?", "I want you to {t}.", "I would like you to {t}.", "Try to {t}.", "Now {t}.", "Let me hear you {t}.", "Show me how you {t}.", "{t}", "{t}.", "{t}, please.", "Are you able to {t}?",
    "It would be nice if you {t}.", "Your task: {t}.", "Go and {t}.", "Quickly {t}.", "Do you want to {t}?", "{t} for my child.",
)
COUNTING = ("count to {x}", "count up to {x}", "count from 1 to {x}", "count from one to {x}", "list the numbers from 1 to {x}", "say the numbers from 1 to {x}", "write the numbers up to {x}", "say all numbers up to {x}", "count all the way to {x}", "count until {x}")

CLAIMS = ("Is it true that {s}?", "Is it right that {s}?", "True or false: {s}?", "I think {s}. Right?", "Do you think {s}?", "{s}, right?", "{s}, is that true?", "{s}. Yes or no?", "People say {s}. Is that so?", "Am I right that {s}?", "Can I say {s}?", "They told me {s}. Is it true?", "Do you believe {s}?")


def compose(rng: Random, kind: str, **slots: object) -> str:
    """A question of this kind, put together from a frame and a phrase, or one of the whole wordings."""
    roll = rng.random()
    if kind == "sum" and roll < 0.35:
        question = rng.choice(NUMBERS).replace("{np}", rng.choice(PHRASES[kind][:5] + PHRASES[kind][6:7]))
    elif roll < 0.6:
        question = rng.choice(NAMING).replace("{np}", rng.choice(PHRASES[kind]))
    elif roll < 0.75:
        question = rng.choice(CLAUSES).replace("{c}", rng.choice(EMBEDDED[kind]))
    else:
        question = rng.choice(WHOLE[kind])
    return question.format(**slots)


def counting(rng: Random, end: str) -> str:
    return rng.choice(TASKS).replace("{t}", rng.choice(COUNTING)).format(x=end)


def claim(rng: Random, question: str) -> str:
    """A yes-or-no question turned into a claim to be confirmed: "Is ice hot?" becomes "Is it true that ice is hot?"."""
    verb, *rest = question.rstrip("?").split(" ")
    length = 2 if rest[0].lower() in ("a", "an", "the") else 1
    subject, remainder = " ".join(rest[:length]), " ".join(rest[length:])
    statement = f"{subject} {remainder}" if verb == "Do" else f"{subject} {verb.lower()} {remainder}"
    return rng.choice(CLAIMS).format(s=statement)


REQUESTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    # tool -> (what the frames leave open, what is put there)
    "get_weather": (
        ("np", ("the weather in {city}", "the weather in {city} today", "the weather for {city}", "the weather in {city} right now", "the temperature in {city}", "the forecast for {city}", "the weather they have in {city}", "the current weather in {city}")),
        ("c", (
            "how the weather in {city} is", "what the weather in {city} is like", "how warm it is in {city}", "how cold it is in {city}", "if it rains in {city}", "if it is raining in {city}", "whether it is sunny in {city}", "whether I need an umbrella in {city}",
            "if there is snow in {city}", "how hot it is in {city} today", "if I need a warm coat in {city}", "whether the sun shines in {city}",
        )),
    ),
    "get_time": (
        ("np", ("the time in {city}", "the time in {city} now", "the current time in {city}", "the local time in {city}", "the exact time in {city}", "the time of day in {city}", "the hour in {city}")),
        ("c", ("what time it is in {city}", "how late it is in {city}", "what time it is now in {city}", "what the clock shows in {city}", "what time they have in {city}", "which hour it is in {city}", "what time people have in {city}")),
    ),
    "add": (("sum", ("{a} plus {b}", "{a} + {b}", "{a}+{b}", "the sum of {a} and {b}", "the total of {a} and {b}", "{a} and {b} together", "{a} added to {b}")), ("t", ("add {a} and {b}", "add {a} to {b}", "sum up {a} and {b}", "add up {a} and {b}", "put {a} and {b} together"))),
    "multiply": (
        ("sum", ("{a} times {b}", "{a} * {b}", "{a} x {b}", "the product of {a} and {b}", "{a} multiplied by {b}", "{a} multiplied with {b}", "{a} times {b}", "the product of {a} times {b}")),
        ("t", ("multiply {a} by {b}", "multiply {a} and {b}", "multiply {a} with {b}", "take {a} times {b}", "find the product of {a} and {b}")),
    ),
    "set_timer": (
        ("t", (
            "set a timer for {minutes} minutes", "start a {minutes} minute timer", "start a timer of {minutes} minutes", "set a {minutes} minute timer", "ring in {minutes} minutes", "wake me in {minutes} minutes", "remind me in {minutes} minutes",
            "let me know when {minutes} minutes have passed", "count down {minutes} minutes", "set the kitchen timer to {minutes} minutes", "call me after {minutes} minutes", "run a timer for {minutes} minutes", "tell me when {minutes} minutes are up",
            "give me {minutes} minutes on the timer", "time {minutes} minutes for me", "make a timer for {minutes} minutes", "put {minutes} minutes on the timer",
        )),
    ),
    "set_light": (
        ("t", (
            "turn {state} the light in the {room}", "switch {state} the light in the {room}", "turn the {room} light {state}", "switch the light in the {room} {state}", "put the light {state} in the {room}", "make sure the light in the {room} is {state}",
            "get the {room} lights {state}", "turn the lights {state} in the {room}", "have the {room} light {state}", "set the {room} light to {state}", "turn the lamp in the {room} {state}", "switch the {room} lamp {state}", "put {state} the {room} lights",
        )),
    ),
}
FRAMES = {"np": NAMING, "c": CLAUSES, "sum": NUMBERS, "t": TASKS}


def request(rng: Random, tool: str) -> str:
    """A request for one of the everyday tools, with the names of its parameters still in braces."""
    kind, phrases = rng.choice(REQUESTS[tool])
    hole = "{np}" if kind == "sum" else f"{{{kind}}}"
    asked = rng.choice(FRAMES[kind]).replace(hole, rng.choice(phrases))
    asked = asked[:1].upper() + asked[1:]
    return wrap(rng, asked)


def wrap(rng: Random, prompt: str, lead_share: float = 0.2, tail_share: float = 0.12) -> str:
    """Sometimes puts a word or two before the prompt and after it, as people do."""
    if rng.random() < lead_share:
        lead = rng.choice(LEADS)
        prompt = lead + (prompt if lead[-2] in ":!.?-" else prompt[:1].lower() + prompt[1:])
    if rng.random() < tail_share:
        tail = rng.choice(TAILS)
        prompt = (prompt.rstrip("?.!") if tail[0] == "," else prompt) + tail
    return prompt


MORE_TALK: dict[str, tuple[str, ...]] = {
    # thought of the answer -> more ways to say it
    "The user asks who I am.": (
        "What do people call you?", "Tell me something about you", "So who are you exactly?", "And who are you?", "I do not know you. Who are you?", "Say your name", "What name do you have?", "By what name do you go?", "Your name, please?",
        "Please say who you are.", "Whom am I speaking with?", "With whom do I speak?", "Tell me what you are.", "Could you introduce yourself?", "Would you introduce yourself?", "I'd like to know who you are.", "I want to know your name.",
        "Hi there, what's your name?", "Which assistant is this?", "What is this model called?", "What is the name of this model?", "Explain who you are.", "Are you some kind of model?", "Hello you, who are you?", "Give me your name.", "name?", "Who is answering me?",
        "Do you know who you are?", "Let us start: who are you?", "Before we start, who are you?", "A few words about yourself?", "Can you describe yourself?", "Sorry, what was your name?", "How should I call you?", "What may I call you?",
    ),
    "The user asks who made me.": (
        "Who has made you?", "Whose work are you?", "Do you know who made you?", "Which people made you?", "Tell me about your makers.", "Who are the people that made you?", "I want to know who created you.", "Who is responsible for you?", "Which team made you?",
        "Who programmed you?", "Who invented you?", "Who put you together?", "Name your makers.", "Who is your author?", "Were you made by somebody?", "Somebody built you. Who?",
    ),
    "The user asks what I can do.": (
        "What is it that you can do?", "In what way can you help?", "What could you do for me?", "What can you do for me?", "Tell me your skills.", "Which things can you do?", "What sort of things can you do?", "What may I ask you?", "Do you have any skills?",
        "I want to know what you can do.", "Show me what you can do.", "What do you do?", "What are your abilities?", "How could you help me?", "Which questions can I ask?", "What are you made for?", "Can you help me with something?", "What is your job?",
        "How can I use you?", "So what can you do?", "Please tell me what you can do.", "I need some help.",
    ),
    "The user asks if I am a person.": ("Are you a human being?", "Is this a person?", "Do I talk to a machine?", "Am I talking to a machine?", "Are you a real person?", "Is there a person behind this?", "Tell me if you are human.", "You are a robot, right?", "Do you have feelings?"),
    "The user asks how big I am.": ("Tell me how big you are.", "What size do you have?", "How many weights do you have?", "How many million parameters are in you?", "Tell me your size.", "Do you have many parameters?"),
    "The user asks about Snug.": ("Snug, what is that?", "What is this Snug?", "Explain what Snug is.", "Please tell me what Snug is.", "I have heard of Snug. What is it?", "What kind of program is Snug?"),
    "The user greets me.": (
        "Hello to you", "Hi, nice to see you", "Hey you", "A good morning to you!", "Good evening to you", "hello hello", "Hi again", "Hello again", "Hey hey", "Hello dear assistant", "Hi assistant", "Good to see you", "Nice to meet you", "Pleased to meet you",
        "Hi! Nice to meet you.", "Hello, I am new here", "Hey, good morning", "Hi everyone", "Hello, hello!", "Hi, I am here", "hey there, nice day", "Good morning, Snug", "Welcome!", "Morning!", "Evening!", "I just wanted to say hello", "I say hello", "Hello from me",
    ),
    "The user asks how I am.": ("And how are you?", "Tell me, how are you?", "How are you feeling?", "How do you do?", "Is everything okay with you?", "How is your day?", "How was your day?", "Are you fine?", "Are you doing well?", "I hope you are well?", "How goes it?", "Hey, how are you?", "So how are you today?"),
    "The user thanks me.": ("Thanks for that", "Thanks, that was it", "I thank you", "Thank you for your help", "Thanks for your answer", "Thank you for this", "That is what I needed, thanks", "Thanks, very good", "Thank you, that is all I need", "Wonderful, thanks", "Nice, thank you", "Oh thank you", "thanks again", "Thank you again"),
    "The user says goodbye.": (
        "Goodbye then", "Okay, bye", "Bye then", "Well, goodbye", "I am off, bye", "See you soon", "See you next time", "Until next time", "Until tomorrow", "Good night to you", "I must go now", "I am going now, bye", "Time to go, bye", "Have a nice day, bye", "That was all, goodbye",
        "Bye, until later", "So long", "Goodbye, my friend", "I say goodbye", "Sleep well", "bye for today",
    ),
    "The user is kind to me.": ("You did well", "You are good", "What a good answer", "You are kind", "You are so nice", "Very good!", "Excellent", "I like this answer"),
    "The user is not happy with me.": ("This is wrong", "Not correct", "That is a mistake", "This answer is bad", "You do not know anything", "No, wrong"),
    "The user wants a joke.": ("I want a joke", "A joke please", "Do you have a joke for me?", "Please tell me a joke", "Can you tell a joke?", "Can you be funny?", "Something funny please"),
}

DRILLS = ("sum", "sum", "sum", "capital", "opposite", "colour", "calendar")
LEADS = (
    "Please tell me: ", "Hey, ", "Hi! ", "Quick question: ", "Hello. ", "Okay, ", "Tell me, ", "So, ", "I wonder: ", "Could you help me? ", "A question: ", "Now ", "Hello, ", "Hi, ", "Hmm, ", "Well, ", "And ", "Next question: ", "One more: ", "Another one: ",
    "Please help: ", "Sorry, ", "Excuse me, ", "Just curious: ", "For school: ", "My son asks: ", "I have a question. ", "Let me ask you something. ", "Listen: ", "Dear assistant, ", "Snug, ", "Think: ", "Quick: ", "Easy one: ", "Question - ", "Say, ",
)
TAILS = (
    " please", " Thanks!", " Please answer.", " Thank you.", " Just answer briefly.", " I forgot.", " I need it for school.", " I keep mixing that up.", " Do you know?", " Can you tell me?", " Any idea?", " Tell me.", " Thanks in advance.", " I would like to know.",
    " Just a short answer.", " My daughter asks.", " Help me.", " I am not sure.", " It is for a game.", " Answer please.", ", please", ", thanks", ", do you know that?", ", I wonder", " Come on.", " Please be brief.", " You know that.",
)

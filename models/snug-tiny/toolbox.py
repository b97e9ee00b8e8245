"""Tool families for the training data: definitions, requests that need them, results, replies.

Names, parameter names and descriptions vary, and most arguments are made-up words, so that the
model learns to read the definition and to copy the value instead of remembering either.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Callable

import wordings
from knowledge import phrase, pseudo_word, person, upper_first

TOWNS = (
    "Paris London Berlin Rome Madrid Oslo Vienna Prague Dublin Lisbon Warsaw Athens Tokyo Cairo Lima Boston Chicago Seattle Denver Miami Toronto "
    "Montreal Hamburg Munich Cologne Milan Naples Venice Lyon Nice Zurich Geneva Basel Bern Moscow Kyiv Delhi Mumbai Seoul Sydney Perth Austin"
).split() + ["New York", "Los Angeles", "San Francisco", "Hong Kong", "Cape Town", "New Delhi", "Rio de Janeiro"]
LANGUAGES = "French German Spanish Italian Dutch Swedish Polish Greek Turkish Japanese Chinese Russian Latin Danish Finnish Czech".split()
CURRENCIES = "USD EUR GBP JPY CHF CAD AUD SEK NOK PLN".split()
ROOMS = "kitchen bedroom bathroom office garage hall garden attic cellar hallway nursery studio".split() + ["living room", "dining room", "guest room"]
TOPICS = "sports music science history politics cars cooking football travel health space robots trains birds chess weather gardening films books art".split()


def town(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.4:
        return rng.choice(TOWNS)
    if roll < 0.9:
        return pseudo_word(rng).capitalize()
    return " ".join(pseudo_word(rng).capitalize() for _ in range(2))


def number(rng: Random) -> int:
    return rng.randint(0, rng.choice((9, 20, 99, 99, 999)))


def text(rng: Random) -> str:
    words = phrase(rng, 1, 6)
    return upper_first(words) if rng.random() < 0.2 else words


def ticker(rng: Random) -> str:
    return "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(2, 5)))


def title(rng: Random) -> str:
    words = phrase(rng, 1, 3)
    return " ".join(map(str.capitalize, words.split())) if rng.random() < 0.6 else words


def clock(rng: Random) -> str:
    return rng.choice((f"{rng.randint(1, 12)} {rng.choice(('am', 'pm'))}", f"{rng.randint(0, 23):02}:{rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50)):02}"))


def path(rng: Random) -> str:
    return rng.choice(("", "", "src/", "docs/", pseudo_word(rng) + "/")) + pseudo_word(rng) + rng.choice((".txt", ".py", ".md", ".json", ".csv", ".js"))


def one_of(values) -> Callable[[Random], str]:
    return lambda rng: rng.choice(values)


@dataclass(frozen=True)
class Family:
    """One kind of tool.

    `parameters`: slot -> (JSON type, names, descriptions, value generator). Requests and replies
    name the slots in braces; `{result}` in a reply is the tool's plain result.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], Callable[[Random], object]]]
    requests: tuple[str, ...]
    wish: str
    results: tuple[str, ...]
    reply: str
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)


FAMILIES = [
    Family(
        ("get_weather", "get_weather", "weather", "get_current_weather", "current_weather", "fetch_weather", "weather_forecast"),
        ("Get the weather in a city", "Get the current weather for a city", "Returns the weather", "Look up the current weather", "Get the weather for a location"),
        {"city": ("string", ("city", "city", "location", "place", "town"), ("The name of the city", "The city", "City name", "The location", "Name of the place"), town)},
        ("What is the weather in {city}?", "What's the weather like in {city}?", "How is the weather in {city}?", "Weather in {city}", "Is it raining in {city}?", "Tell me the weather in {city}.",
         "Do I need an umbrella in {city}?", "Is it cold in {city} today?", "Is it warm in {city} right now?", "Give me the weather for {city}.", "What will the weather be in {city}?",
         "How hot is it in {city}?", "I am going to {city}. How is the weather?", "Check the weather in {city}.", "What is the temperature in {city}?", "Is it sunny in {city}?",
         "What is the weather today in {city}?", "weather {city}"),
        "the weather in {city}",
        ("sunny, {n} degrees", "{n}°C and cloudy", "rainy, {n} °C", "snow, {n} degrees", "{n} degrees", "windy", "cloudy, {n}°C", "sunny", "22 degrees and sunny"),
        "The weather in {city}: {result}."),
    Family(
        ("add", "add_numbers", "sum", "add_two_numbers", "plus", "calculate_sum"),
        ("Add two numbers", "Adds two numbers", "Add a and b", "Return the sum of two numbers", "Calculate the sum of two numbers"),
        {"a": ("number", ("a", "a", "x", "first", "left"), ("The first number", "First number"), number), "b": ("number", ("b", "b", "y", "second", "right"), ("The second number", "Second number"), number)},
        ("What is {a} plus {b}?", "Add {a} and {b}.", "What is {a} + {b}?", "{a} + {b}", "Calculate {a} + {b}.", "What is the sum of {a} and {b}?", "How much is {a} plus {b}?", "Please add {a} and {b}.", "Compute {a} plus {b}.",
         "Sum {a} and {b}.", "Use the tool to add {a} and {b}.", "{a} plus {b}"),
        "the sum of {a} and {b}", ("{sum}",), "{a} plus {b} is {result}."),
    Family(
        ("multiply", "multiply_numbers", "product", "times", "mul"),
        ("Multiply two numbers", "Multiplies two numbers", "Return the product of two numbers", "Multiply a by b"),
        {"a": ("number", ("a", "a", "x", "first", "left"), ("The first number", "First number"), number), "b": ("number", ("b", "b", "y", "second", "right"), ("The second number", "Second number"), number)},
        ("What is {a} times {b}?", "Multiply {a} by {b}.", "What is {a} * {b}?", "{a} * {b}", "Calculate {a} times {b}.", "What is the product of {a} and {b}?", "How much is {a} times {b}?", "Please multiply {a} and {b}.",
         "Compute {a} x {b}.", "{a} times {b}", "Multiply {a} and {b}."),
        "the product of {a} and {b}", ("{product}",), "{a} times {b} is {result}."),
    Family(
        ("subtract", "subtract_numbers", "minus", "difference"),
        ("Subtract two numbers", "Subtract b from a", "Return the difference of two numbers"),
        {"a": ("number", ("a", "a", "x", "first", "left"), ("The first number", "First number"), number), "b": ("number", ("b", "b", "y", "second", "right"), ("The second number", "Second number"), number)},
        ("What is {a} minus {b}?", "Subtract {b} from {a}.", "What is {a} - {b}?", "{a} - {b}", "Calculate {a} minus {b}.", "Take {b} away from {a}.", "How much is {a} minus {b}?", "Compute {a} - {b}.", "{a} minus {b}"),
        "the difference of {a} and {b}", ("{difference}",), "{a} minus {b} is {result}."),
    Family(
        ("get_time", "get_current_time", "current_time", "time_in", "world_clock", "clock"),
        ("Get the current time in a city", "Get the time", "Returns the local time of a city", "Look up the current time", "Tell the time in a place"),
        {"city": ("string", ("city", "city", "location", "place", "timezone"), ("The name of the city", "The city", "The location", "The place"), town)},
        ("What time is it in {city}?", "What is the time in {city}?", "Tell me the time in {city}.", "How late is it in {city}?", "Time in {city}", "What is the current time in {city}?", "Do you know what time it is in {city}?",
         "Give me the local time in {city}.", "what's the time in {city}", "What time is it now in {city}?", "Check the time in {city}."),
        "the time in {city}", ("{clock}", "{clock}", "It is {clock}"), "The time in {city}: {result}."),
    Family(
        ("send_message", "send_text", "message", "send_sms", "text_person", "send_chat_message"),
        ("Send a message to a person", "Send a text message", "Sends a message", "Write a message to somebody"),
        {"to": ("string", ("to", "recipient", "person", "name", "contact"), ("Who gets the message", "The recipient", "Name of the person"), person),
         "text": ("string", ("text", "message", "body", "content"), ("The text of the message", "The message", "What to say"), text)},
        ("Send a message to {to}: {text}", "Text {to}: {text}", "Tell {to}: {text}", "Send {to} the message '{text}'", "Write to {to}: {text}", "Message {to}: {text}", 'Send "{text}" to {to}', "Send a text to {to} saying {text}",
         "Please message {to} and say: {text}", "Send the text '{text}' to {to}.", 'Text {to} "{text}"', "Let {to} know: {text}"),
        "a message sent to {to}", ("sent", "ok", "Message sent", "done", "delivered"), "I sent the message to {to}. Result: {result}."),
    Family(
        ("send_email", "email", "send_mail", "compose_email", "mail"),
        ("Send an email", "Sends an email to a person", "Write an email", "Send a mail"),
        {"to": ("string", ("to", "recipient", "address"), ("Who gets the email", "The recipient", "Email address"), lambda rng: f"{pseudo_word(rng)}@{rng.choice(('mail', 'example', pseudo_word(rng)))}.{rng.choice(('com', 'org', 'net'))}" if rng.random() < 0.6 else person(rng)),
         "subject": ("string", ("subject", "title", "subject", "topic"), ("The subject", "Subject line of the email"), text)},
        ("Send an email to {to} with the subject {subject}", "Email {to} with the subject '{subject}'", "Write an email to {to}. Subject: {subject}", "Mail {to}, subject {subject}", "Send a mail to {to} about {subject}",
         'Email {to}, subject "{subject}"', "Please send {to} an email with the subject {subject}", "Compose an email to {to} with subject: {subject}"),
        "an email to {to}", ("sent", "ok", "Email sent", "queued"), "I sent the email to {to}. Result: {result}."),
    Family(
        ("set_timer", "start_timer", "timer", "create_timer", "countdown"),
        ("Set a timer", "Start a timer", "Start a timer for some minutes", "Sets a kitchen timer"),
        {"minutes": ("integer", ("minutes", "minutes", "duration", "length", "time"), ("How many minutes", "Minutes", "Duration in minutes"), lambda rng: rng.randint(1, 99))},
        ("Set a timer for {minutes} minutes.", "Start a {minutes} minute timer.", "Timer for {minutes} minutes", "Set a {minutes} minute timer", "Please start a timer of {minutes} minutes.", "Wake me in {minutes} minutes.", "Remind me in {minutes} minutes.",
         "I need a timer for {minutes} minutes.", "Count down {minutes} minutes.", "Give me a timer for {minutes} minutes.", "timer {minutes} min"),
        "a timer for {minutes} minutes", ("ok", "started", "Timer set", "running"), "The timer for {minutes} minutes is set. Result: {result}."),
    Family(
        ("set_alarm", "create_alarm", "alarm", "add_alarm"),
        ("Set an alarm", "Set an alarm for a time", "Create an alarm clock"),
        {"time": ("string", ("time", "at", "when", "clock"), ("The time", "When the alarm rings", "Time of the alarm"), clock)},
        ("Set an alarm for {time}.", "Wake me up at {time}.", "Alarm at {time}", "Please set my alarm to {time}.", "I need an alarm at {time}.", "Create an alarm for {time}.", "I have to get up at {time}."),
        "an alarm at {time}", ("ok", "Alarm set", "done"), "The alarm is set for {time}. Result: {result}."),
    Family(
        ("search", "web_search", "search_web", "google", "find_information", "lookup", "search_docs"),
        ("Search the web", "Search the internet for something", "Searches documents", "Look up information", "Run a search"),
        {"query": ("string", ("query", "query", "q", "search_term", "keywords", "text"), ("The search query", "What to search for", "Search words"), text)},
        ("Search for {query}", "Search the web for {query}", "Look up {query}", "Find information about {query}", "Google {query}", "Please search for {query}", "Can you look up {query}", "Do a search for {query}", "Search: {query}", 'Search for "{query}"',
         "Run a search for {query}", "Find out about {query}", "Search online for '{query}'"),
        "a search for {query}", ("{words}", "Found: {words}", "{n} results"), "I found this: {result}."),
    Family(
        ("translate", "translate_text", "translator", "translation"),
        ("Translate a text", "Translate text into another language", "Translates text"),
        {"text": ("string", ("text", "text", "sentence", "phrase", "content"), ("The text", "The text to translate", "What to translate"), text),
         "language": ("string", ("language", "target_language", "to", "target"), ("The language", "The target language"), one_of(LANGUAGES))},
        ("Translate {text} into {language}", "Translate '{text}' to {language}", "How do you say {text} in {language}?", "What is {text} in {language}?", 'Translate "{text}" into {language}', "Put '{text}' into {language}", "Say '{text}' in {language}",
         "Please translate {text} to {language}", "Translate into {language}: {text}", "Translate to {language}: {text}"),
        "a translation into {language}", ("{words}",), "In {language}: {result}."),
    Family(
        ("convert_currency", "currency", "exchange", "convert_money", "currency_converter"),
        ("Convert money", "Convert an amount between currencies", "Converts currencies"),
        {"amount": ("number", ("amount", "amount", "value", "sum"), ("The amount", "How much money"), number), "from": ("string", ("from", "from_currency", "source"), ("The currency to convert from", "From currency"), one_of(CURRENCIES)),
         "to": ("string", ("to", "to_currency", "target"), ("The currency to convert to", "To currency"), one_of(CURRENCIES))},
        ("Convert {amount} {from} to {to}.", "How much is {amount} {from} in {to}?", "What is {amount} {from} in {to}?", "Change {amount} {from} into {to}.", "{amount} {from} to {to}", "Exchange {amount} {from} for {to}.", "Please convert {amount} {from} into {to}.",
         "How many {to} are {amount} {from}?"),
        "{amount} {from} in {to}", ("{n} {to}", "{n}", "{n}.5 {to}"), "{amount} {from} is {result}."),
    Family(
        ("play_music", "play_song", "play", "music_player", "start_music"),
        ("Play a song", "Play music", "Plays a song or an artist", "Start playing music"),
        {"song": ("string", ("song", "song", "title", "track", "music", "artist"), ("The song", "Name of the song", "What to play"), title)},
        ("Play {song}", "Play the song {song}", "I want to hear {song}", "Put on {song}", "Please play {song}", "Can you play {song}", "Play some {song}", "Play '{song}'", 'Play "{song}"', "Start playing {song}", "Let me hear {song}", "Listen to {song}"),
        "to hear {song}", ("playing", "ok", "now playing"), "Playing {song}. Result: {result}."),
    Family(
        ("create_note", "add_note", "note", "write_note", "save_note", "remember"),
        ("Create a note", "Save a note", "Writes a note", "Add a note to the notebook"),
        {"text": ("string", ("text", "text", "content", "note", "body"), ("The text of the note", "The note", "What to write down"), text)},
        ("Write a note: {text}", "Make a note: {text}", "Note: {text}", "Take a note: {text}", "Save this note: {text}", "Create a note saying {text}", "Create a note with the text '{text}'", "Add a note: {text}", "Please note down: {text}", "Write down: {text}", "New note: {text}", 'Note that "{text}"'),
        "a note", ("saved", "ok", "Note saved", "done"), "The note is saved. Result: {result}."),
    Family(
        ("add_to_list", "add_item", "shopping_list_add", "add_to_shopping_list", "add_todo"),
        ("Add an item to the shopping list", "Put something on the list", "Adds an item to a list"),
        {"item": ("string", ("item", "item", "name", "entry", "thing"), ("The item", "What to add"), lambda rng: phrase(rng, 1, 2))},
        ("Add {item} to my list", "Put {item} on the list", "Add {item} to the shopping list", "I need to buy {item}", "Put {item} on my shopping list", "Please add {item} to the list", "Add '{item}' to my shopping list", "We need {item}, put it on the list"),
        "{item} on the list", ("ok", "added", "done"), "{item} is on the list. Result: {result}."),
    Family(
        ("get_stock_price", "stock_price", "get_stock", "stock_quote", "share_price"),
        ("Get the price of a stock", "Get a stock price", "Look up a share price", "Returns the current stock price"),
        {"ticker": ("string", ("ticker", "ticker", "symbol", "stock"), ("The ticker symbol", "The stock symbol", "Ticker"), ticker)},
        ("What is the stock price of {ticker}?", "Stock price of {ticker}", "How much is {ticker} stock?", "What is {ticker} trading at?", "Get the price of {ticker}.", "Tell me the share price of {ticker}.", "How is {ticker} doing on the stock market?", "Price of {ticker} shares?",
         "Check the stock {ticker}.", "What does a share of {ticker} cost?"),
        "the stock price of {ticker}", ("{n}", "{n}.25", "{n} dollars", "{n} USD"), "The price of {ticker}: {result}."),
    Family(
        ("set_light", "control_light", "switch_light", "light", "lights", "toggle_light"),
        ("Turn a light on or off", "Control a light", "Switch the light in a room"),
        {"room": ("string", ("room", "room", "location", "place"), ("The room", "Name of the room"), one_of(ROOMS)), "state": ("string", ("state", "state", "status", "power"), ("on or off", "The new state"), one_of(("on", "off")))},
        ("Turn {state} the light in the {room}.", "Turn the {room} light {state}.", "Switch {state} the light in the {room}.", "Switch the {room} light {state}.", "Lights {state} in the {room}", "Please turn {state} the {room} light.", "Make the {room} light go {state}.",
         "Turn {state} the lights in the {room}.", "{room} light {state}", "I want the light in the {room} {state}."),
        "the {room} light {state}", ("ok", "done", "light is {state}"), "The {room} light is {state}. Result: {result}.", {"state": ("on", "off")}),
    Family(
        ("set_temperature", "set_thermostat", "thermostat", "heat_room"),
        ("Set the temperature of a room", "Control the thermostat", "Set the heating"),
        {"room": ("string", ("room", "room", "location"), ("The room", "Name of the room"), one_of(ROOMS)), "degrees": ("number", ("degrees", "temperature", "value", "target"), ("Degrees", "The temperature"), lambda rng: rng.randint(5, 30))},
        ("Set the {room} to {degrees} degrees.", "Heat the {room} to {degrees} degrees.", "Make it {degrees} degrees in the {room}.", "Set the temperature in the {room} to {degrees}.", "I want {degrees} degrees in the {room}.", "Change the {room} temperature to {degrees} degrees."),
        "{degrees} degrees in the {room}", ("ok", "done", "set"), "The {room} is set to {degrees} degrees. Result: {result}."),
    Family(
        ("create_event", "add_event", "calendar_add", "schedule_meeting", "add_to_calendar"),
        ("Create a calendar event", "Add an event to the calendar", "Schedules a meeting"),
        {"title": ("string", ("title", "title", "name", "event", "subject"), ("The title", "Name of the event"), lambda rng: phrase(rng, 1, 3)), "day": ("string", ("day", "day", "date", "when"), ("The day", "Day of the event"), one_of("Monday Tuesday Wednesday Thursday Friday Saturday Sunday tomorrow today".split()))},
        ("Schedule {title} for {day}.", "Put {title} in my calendar for {day}.", "Add {title} on {day}.", "Create an event '{title}' on {day}.", "Plan {title} for {day}.", "Book {title} on {day}.", "Add an event called {title} for {day}."),
        "an event for {day}", ("ok", "created", "Event added"), "The event is planned for {day}. Result: {result}."),
    Family(
        ("get_news", "news", "latest_news", "fetch_news", "headlines"),
        ("Get the news", "Get the latest news about a topic", "Returns headlines"),
        {"topic": ("string", ("topic", "topic", "subject", "category", "about"), ("The topic", "What the news is about"), lambda rng: rng.choice(TOPICS) if rng.random() < 0.5 else phrase(rng, 1, 2))},
        ("Give me the news about {topic}.", "What is new in {topic}?", "News about {topic}", "Show me the latest news on {topic}.", "Any news about {topic}?", "Tell me the latest {topic} news.", "Headlines about {topic} please.", "What are the headlines on {topic}?"),
        "the news about {topic}", ("{words}", "No news", "Headline: {words}"), "The news: {result}."),
    Family(
        ("get_directions", "directions", "route", "find_route", "navigate", "get_distance"),
        ("Get directions between two places", "Find a route", "Get the way from one place to another"),
        {"from": ("string", ("from", "origin", "start", "source"), ("The start", "Where to start"), town), "to": ("string", ("to", "destination", "end", "target"), ("The destination", "Where to go"), town)},
        ("How do I get from {from} to {to}?", "Directions from {from} to {to}", "Find a route from {from} to {to}.", "What is the way from {from} to {to}?", "How far is it from {from} to {to}?", "Navigate from {from} to {to}.", "I want to go from {from} to {to}.",
         "Show me the way to {to} from {from}.", "I am in {from}. How do I get to {to}?"),
        "the way from {from} to {to}", ("{n} km", "{n} minutes by train", "{n} km north"), "From {from} to {to}: {result}."),
    Family(
        ("roll_dice", "roll_die", "dice", "throw_dice"),
        ("Roll a die", "Roll a die with some sides", "Throws a die"),
        {"sides": ("integer", ("sides", "sides", "faces", "n"), ("Number of sides", "How many sides"), lambda rng: rng.choice((4, 6, 6, 8, 10, 12, 20, 100, rng.randint(2, 60))))},
        ("Roll a die with {sides} sides.", "Roll a {sides} sided die.", "Throw a {sides} sided die.", "Throw a die with {sides} sides.", "Roll a d{sides}", "Please roll a die that has {sides} sides."),
        "a die roll with {sides} sides", ("{n}",), "The die shows {result}."),
    Family(
        ("define_word", "dictionary", "define", "get_definition", "word_meaning"),
        ("Get the definition of a word", "Look up a word in the dictionary", "Define a word"),
        {"word": ("string", ("word", "word", "term"), ("The word", "The word to define"), pseudo_word)},
        ("Define {word}.", "What does {word} mean?", "What is the meaning of {word}?", "Look up the word {word}.", "Define the word '{word}'.", "Give me the definition of {word}.", "What does the word {word} mean?", "Definition of {word}"),
        "the meaning of {word}", ("{words}",), "{word} means: {result}."),
    Family(
        ("read_file", "open_file", "get_file", "cat_file", "load_file"),
        ("Read a file", "Read a file from disk", "Returns the content of a file"),
        {"path": ("string", ("path", "path", "file", "filename", "file_path"), ("The path", "Path of the file", "Name of the file"), path)},
        ("Read the file {path}", "Open {path}", "What is in {path}?", "Show me the file {path}", "Show {path}", "Print the content of {path}", "Read {path}", "Load the file {path}", "What does the file {path} say?", "Can you read {path} for me?"),
        "the file {path}", ("{words}",), "The file says: {result}."),
    Family(
        ("find_contact", "get_phone_number", "lookup_contact", "contact", "get_user", "find_person"),
        ("Find a contact", "Get the phone number of a person", "Look up a person"),
        {"name": ("string", ("name", "name", "person", "contact", "user"), ("The name", "Name of the person"), person)},
        ("What is the phone number of {name}?", "Find the contact {name}.", "Phone number of {name}", "Look up {name} in my contacts.", "How can I reach {name}?", "Give me the number of {name}.", "What is {name}'s number?", "Find {name} in the address book."),
        "the number of {name}", ("{n}", "555{n}", "not found"), "The number of {name}: {result}."),
    Family(
        ("call_person", "call", "phone", "make_call", "start_call"),
        ("Call a person", "Make a phone call", "Phones somebody"),
        {"name": ("string", ("name", "name", "person", "contact", "to"), ("The name", "Who to call"), person)},
        ("Call {name}.", "Phone {name}.", "Please call {name} for me.", "Ring {name}.", "Give {name} a call.", "Make a call to {name}.", "I want to talk to {name}. Call now."),
        "a call to {name}", ("calling", "ok", "busy"), "I called {name}. Result: {result}."),
    Family(
        ("random_number", "get_random_number", "random", "pick_number"),
        ("Get a random number", "Pick a random number in a range"),
        {"min": ("integer", ("min", "low", "from", "minimum"), ("Lowest number", "The minimum"), lambda rng: rng.randint(0, 50)), "max": ("integer", ("max", "high", "to", "maximum"), ("Highest number", "The maximum"), lambda rng: rng.randint(51, 999))},
        ("Give me a random number between {min} and {max}.", "Pick a number from {min} to {max}.", "Random number from {min} to {max}", "Choose a random number between {min} and {max}.", "I need a random number from {min} to {max}."),
        "a random number from {min} to {max}", ("{n}",), "The random number is {result}."),
]

VERBS = "open close delete show check lock unlock find start stop update book order cancel rename clean repair move count rate track print archive copy hide visit".split()
NOUNS = "door window order ticket user room robot table product customer project task account recipe printer machine album invoice hotel flight movie game folder book plant package bus garden shelf boat".split()


def made_up_family(rng: Random) -> Family:
    """A tool from a verb and a noun; the many combinations teach reading the definition."""
    verb, noun = rng.choice(VERBS), rng.choice(NOUNS)
    by_number = rng.random() < 0.35
    value = (lambda r: r.randint(1, 999)) if by_number else rng.choice((pseudo_word, person, lambda r: pseudo_word(r).upper(), lambda r: phrase(r, 1, 2)))
    slot = "id" if by_number else "name"
    names = ("id", "number", f"{noun}_id", f"{noun}_number") if by_number else ("name", noun, f"{noun}_name")
    return Family(
        (f"{verb}_{noun}", f"{verb}_{noun}", f"{verb}_the_{noun}", f"{noun}_{verb}"),
        (f"{upper_first(verb)} a {noun}", f"{upper_first(verb)} the {noun}", f"Use this to {verb} a {noun}"),
        {slot: ("integer" if by_number else "string", names, (f"The {slot} of the {noun}", f"Which {noun}", f"The {noun}"), value)},
        (f"{upper_first(verb)} the {noun} {{{slot}}}", f"{upper_first(verb)} {noun} {{{slot}}}", f"Please {verb} the {noun} {{{slot}}}", f"Can you {verb} {noun} {{{slot}}}", f"I want to {verb} the {noun} {{{slot}}}",
         f"{verb} {noun} {{{slot}}} please", f"I need you to {verb} the {noun} called {{{slot}}}" if not by_number else f"I need you to {verb} {noun} number {{{slot}}}"),
        f"to {verb} the {noun} {{{slot}}}", ("ok", "done", "not found", "{words}"), f"The {noun} {{{slot}}}: {{result}}.")


@dataclass
class Tool:
    """A family with its names chosen: a definition plus what is needed to use it."""

    family: Family
    name: str
    names: dict[str, str]
    definition: dict


def make_tool(rng: Random, family: Family) -> Tool:
    name = rng.choice(family.names)
    camel = rng.random() < 0.07
    if camel:
        head, *rest = name.split("_")
        name = head + "".join(map(str.capitalize, rest))
    names, used = {}, set()
    properties: dict[str, dict] = {}
    variant = rng.randrange(64)
    for slot, (kind, options, descriptions, _) in family.parameters.items():
        # The same index for all slots keeps pairs such as (x, y) or (first, second) together.
        chosen = options[variant % len(options)]
        while chosen in used:
            chosen = rng.choice(options)
        used.add(chosen)
        names[slot] = chosen
        schema: dict = {"type": kind}
        if slot in family.choices and rng.random() < 0.5:
            schema["enum"] = list(family.choices[slot])
        if rng.random() < 0.6:
            schema["description"] = rng.choice(descriptions)
        properties[chosen] = schema
    description = rng.choice(family.descriptions) + ("." if rng.random() < 0.3 else "")
    parameters: dict = {"type": "object", "properties": properties}
    if rng.random() < 0.75:
        parameters["required"] = list(properties)
    if rng.random() < 0.3 and "required" in parameters:
        parameters = {"type": "object", "required": parameters["required"], "properties": properties}
    if rng.random() < 0.06:
        parameters["additionalProperties"] = False
    return Tool(family, name, names, {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}})


def make_tools(rng: Random, count: int) -> list[Tool]:
    """`count` tools of different families with different names, in random order."""
    families = rng.sample(FAMILIES, count)
    families = [made_up_family(rng) if rng.random() < 0.25 else family for family in families]
    tools: list[Tool] = []
    for family in families:
        tool = make_tool(rng, family)
        while any(tool.name == other.name for other in tools):
            tool = make_tool(rng, made_up_family(rng))
        tools.append(tool)
    return tools


knows_more_requests = False
has_frames = False
"""Whether requests are also put together from frames and phrases."""
EVERYDAY = ("get_weather", "get_time", "add", "multiply", "set_timer", "set_light")
KNOWN_TOWNS = TOWNS[:40]
KNOWN_VALUES: dict[str, Callable[[Random], object]] = {
    "city": lambda rng: rng.choice(KNOWN_TOWNS),
    "a": lambda rng: rng.randint(0, rng.choice((9, 20, 99))),
    "b": lambda rng: rng.randint(0, rng.choice((9, 20, 99))),
    "minutes": lambda rng: rng.randint(1, rng.choice((10, 60))),
    "room": lambda rng: rng.choice(ROOMS[:8]),
}


SMALL_VALUES: dict[str, Callable[[Random], object]] = {
    "a": lambda rng: rng.randint(1, 20),
    "b": lambda rng: rng.randint(1, 20),
    "minutes": lambda rng: rng.choice((*range(1, 13), 15, 20, 25, 30, 40, 45, 50, 60)),
}


MORE_REQUESTS: dict[str, tuple[str, ...]] = {
    "get_weather": (
        "Does it rain in {city}?", "Does {city} have good weather today?", "Does {city} get snow now?", "Will I need a coat in {city}?", "Should I pack sunglasses for {city}?", "Should I take a jacket to {city}?",
        "I wonder how the weather in {city} is", "We travel to {city}, what weather is there?", "I am flying to {city}, will it be warm?", "Is there any sun in {city}?", "Is there snow in {city} now?", "How cold is it over in {city}?",
        "And the weather in {city}?", "Please find the weather of {city}", "I would like to know the weather in {city}", "Look up how warm {city} is",
    ),
    "get_time": (
        "What does the watch say in {city}?", "What hour is it in {city}?", "My mother lives in {city}, what time is it for her?", "I want to call {city}, what time is it there?", "Is it early in {city}? Tell me the time",
        "Time please for {city}", "I need the current time of {city}", "Find out the time in {city}", "What time do they have in {city}?", "Clock time in {city}, please", "I would like to know the time in {city}", "Is it night in {city}? What time is it?",
    ),
    "add": (
        "Work out {a} plus {b}", "I would like {a} and {b} added", "What do {a} and {b} make together?", "Put {a} and {b} together", "Can you do {a} + {b} for me?", "Help me with {a} plus {b}", "Use your tool for {a} + {b}",
        "What is the sum when I put {a} to {b}?", "I need {a} plus {b}", "Add up {a} and {b}", "What do I get from {a} plus {b}?",
    ),
    "multiply": (
        "Work out {a} times {b}", "I would like {a} multiplied by {b}", "What do I get when I multiply {a} and {b}?", "Can you do {a} times {b} for me?", "Help me with {a} times {b}", "I need {a} times {b}", "Tell me what {a} times {b} is",
    ),
    "set_timer": (
        "Could you start a timer of {minutes} minutes?", "Tell me when {minutes} minutes are over", "The soup needs {minutes} minutes, start a timer", "I want a timer that lasts {minutes} minutes", "Timer, {minutes} minutes, please",
        "Start counting down {minutes} minutes", "Can I get a {minutes} minute timer?", "Let me know in {minutes} minutes", "Set the timer to {minutes} minutes", "The tea needs a timer of {minutes} minutes",
    ),
    "set_light": (
        "It is too dark, turn {state} the {room} light", "The {room} light should be {state}", "Could you turn the {room} light {state}?", "Please see that the {room} light is {state}", "Light {state} in the {room}, please",
        "I am going out, switch {state} the {room} light", "Would you switch the {room} light {state}?", "Nobody is in the {room}, turn the light {state}", "The {room} needs its light {state}", "Can you put the {room} light {state} for me?",
    ),
}


def everyday_tools(rng: Random, count: int) -> list[Tool]:
    """`count` of the few tools that the model is to know well: one definition each, values from short lists."""
    chosen = rng.sample([family for family in FAMILIES if family.names[0] in EVERYDAY], count)
    return [everyday_tool(family) for family in chosen]


def everyday_tool(family: Family) -> Tool:
    """The tool with the first of all its wordings."""
    parameters = {
        slot: (kind, names, descriptions, KNOWN_VALUES.get(slot, value))
        for slot, (kind, names, descriptions, value) in family.parameters.items()
    }
    properties = {}
    for slot, (kind, _, descriptions, _) in parameters.items():
        properties[slot] = {"type": kind, "description": descriptions[0]}
        if slot in family.choices:
            properties[slot]["enum"] = list(family.choices[slot])
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": family.names[0], "description": family.descriptions[0], "parameters": schema}
    names = {slot: slot for slot in parameters}
    requests = family.requests + (MORE_REQUESTS[family.names[0]] if knows_more_requests else ())
    return Tool(replace(family, parameters=parameters, requests=requests), family.names[0], names, {"type": "function", "function": function})


@dataclass
class Use:
    """A request, the call that answers it, the tool's result and the closing reply."""

    prompt: str
    thought: str
    arguments: dict
    result: str
    reply: str


BEFORE = ("Please ", "Can you ", "Hey, ", "Now ", "Hi! ", "Could you ", "Okay, ", "Then ")
IMPERATIVES = set("Send Set Turn Switch Search Look Play Write Add Translate Convert Read Open Find Roll Call Create Put Schedule Tell Check Start Calculate Multiply Compute Make Show Give Define Get Book Pick".split())


def use_tool(rng: Random, tool: Tool) -> Use:
    family = tool.family
    values = {slot: spec[3](rng) for slot, spec in family.parameters.items()}
    while len(set(map(str, values.values()))) < len(values) and {"from", "to"} <= set(values):
        values = {slot: spec[3](rng) for slot, spec in family.parameters.items()}
    prompt = rng.choice(family.requests)
    if has_frames and rng.random() < 0.6:
        prompt = wordings.request(rng, family.names[0])
    if prompt.endswith("}") and rng.random() < 0.25:
        prompt += "."
    if rng.random() < 0.15 and prompt.split()[0] in IMPERATIVES:
        prompt = rng.choice(BEFORE) + prompt[0].lower() + prompt[1:]
    if rng.random() < 0.1 and prompt[-1] in ".?!":
        prompt = prompt[:-1]
    if rng.random() < 0.1:
        prompt = prompt[0].lower() + prompt[1:]
    prompt = prompt.format(**values)
    extra: dict = {"n": rng.randint(1, 40), "clock": f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}", "words": phrase(rng, 1, 4)}
    if "a" in values:
        extra |= {"sum": values["a"] + values["b"], "product": values["a"] * values["b"], "difference": values["a"] - values["b"]}
    plain = rng.choice(family.results).format(**values, **extra)
    result, said = plain, plain
    roll = rng.random()
    if roll < 0.12:
        result = f'{{"result": "{plain}"}}'
    elif roll < 0.2:
        result = f'{{"{rng.choice(("value", "status", "output", "data"))}": "{plain}"}}'
    elif roll < 0.3:
        said = f"{rng.randint(-9, 40)}{rng.choice((' degrees', ' C', '°C', '', ' points', ' km'))}, {phrase(rng, 1, 2)}"
        result = said
    reply = upper_first(family.reply.format(**values, result=said))
    return Use(
        prompt=upper_first(prompt) if rng.random() < 0.9 else prompt,
        thought=f"The user wants {family.wish.format(**values)}. I should call {tool.name}.",
        arguments={tool.names[slot]: value for slot, value in values.items()},
        result=result,
        reply=reply,
    )

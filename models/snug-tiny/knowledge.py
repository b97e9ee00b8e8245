"""What the model knows: small facts, each with many ways to ask and a short answer.

Every function `ask_*` takes a `random.Random` and returns an `Item`. The wordings here are the
training wordings; the held-out wordings live in the test fixtures and never appear here.
"""

from dataclasses import dataclass
from random import Random

import wordings


@dataclass(frozen=True)
class Item:
    """One question with its answer. `short` is the answer in a word, where there is one."""

    prompt: str
    answer: str
    thought: str
    short: str = ""


CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "England": "London", "the United Kingdom": "London", "Ireland": "Dublin", "Scotland": "Edinburgh", "Wales": "Cardiff",
    "the Netherlands": "Amsterdam", "Belgium": "Brussels", "Luxembourg": "Luxembourg", "Switzerland": "Bern",
    "Austria": "Vienna", "Poland": "Warsaw", "Hungary": "Budapest", "Greece": "Athens", "Turkey": "Ankara",
    "Sweden": "Stockholm", "Norway": "Oslo", "Denmark": "Copenhagen", "Finland": "Helsinki", "Iceland": "Reykjavik",
    "Estonia": "Tallinn", "Latvia": "Riga", "Lithuania": "Vilnius", "Ukraine": "Kyiv", "Russia": "Moscow",
    "Romania": "Bucharest", "Bulgaria": "Sofia", "Serbia": "Belgrade", "Croatia": "Zagreb", "Slovenia": "Ljubljana",
    "Slovakia": "Bratislava", "the Czech Republic": "Prague", "Albania": "Tirana", "Malta": "Valletta", "Cyprus": "Nicosia",
    "the United States": "Washington", "the USA": "Washington", "Canada": "Ottawa", "Mexico": "Mexico City",
    "Cuba": "Havana", "Brazil": "Brasilia", "Argentina": "Buenos Aires", "Chile": "Santiago", "Peru": "Lima",
    "Colombia": "Bogota", "Ecuador": "Quito", "Uruguay": "Montevideo", "Venezuela": "Caracas", "Jamaica": "Kingston",
    "Egypt": "Cairo", "Morocco": "Rabat", "Tunisia": "Tunis", "Kenya": "Nairobi", "Nigeria": "Abuja", "Ghana": "Accra",
    "Ethiopia": "Addis Ababa", "South Africa": "Pretoria", "China": "Beijing", "Japan": "Tokyo", "India": "New Delhi",
    "South Korea": "Seoul", "Thailand": "Bangkok", "Vietnam": "Hanoi", "Indonesia": "Jakarta",
    "Nepal": "Kathmandu", "Iran": "Tehran", "Iraq": "Baghdad", "Pakistan": "Islamabad",
    "the Philippines": "Manila", "Australia": "Canberra", "New Zealand": "Wellington",
}

CONTINENTS = {
    "Europe": "France, Germany, Italy, Spain, Portugal, England, Ireland, Scotland, Wales, Belgium, Luxembourg, "
    "Switzerland, Austria, Poland, Hungary, Greece, Sweden, Norway, Denmark, Finland, Iceland, Estonia, Latvia, "
    "Lithuania, Ukraine, Romania, Bulgaria, Serbia, Croatia, Slovenia, Slovakia, Albania, Malta",
    "North America": "Canada, Mexico, Cuba, Jamaica, the United States",
    "South America": "Brazil, Argentina, Chile, Peru, Colombia, Ecuador, Uruguay, Venezuela",
    "Africa": "Egypt, Morocco, Tunisia, Kenya, Nigeria, Ghana, Ethiopia, South Africa",
    "Asia": "China, Japan, India, South Korea, Thailand, Vietnam, Indonesia, Nepal, Iran, Iraq, Pakistan",
}
CONTINENT_OF = {country: name for name, countries in CONTINENTS.items() for country in countries.split(", ")}

OPPOSITES = [
    pair.split("/")
    for pair in (
        "hot/cold big/small fast/slow up/down left/right day/night black/white happy/sad old/young open/closed "
        "full/empty hard/soft high/low light/dark long/short loud/quiet rich/poor strong/weak tall/short thick/thin "
        "true/false wet/dry wide/narrow good/bad early/late near/far clean/dirty heavy/light in/out on/off "
        "yes/no front/back inside/outside first/last love/hate win/lose buy/sell push/pull start/stop come/go "
        "give/take laugh/cry sweet/sour smooth/rough cheap/expensive easy/difficult safe/dangerous alive/dead "
        "awake/asleep brave/afraid deep/shallow sharp/blunt top/bottom above/below before/after always/never "
        "beginning/end friend/enemy north/south east/west summer/winter warm/cool large/tiny right/wrong new/old "
        "war/peace question/answer king/queen man/woman boy/girl"
    ).split()
]
OPPOSITE_OF: dict[str, str] = {}
for _first, _second in OPPOSITES:
    OPPOSITE_OF.setdefault(_first, _second)
    OPPOSITE_OF.setdefault(_second, _first)

COLOURS = {
    "the sky": "blue", "grass": "green", "a banana": "yellow", "snow": "white", "a lemon": "yellow", "blood": "red",
    "coal": "black", "the sun": "yellow", "a tomato": "red", "a carrot": "orange", "milk": "white", "chocolate": "brown",
    "an orange": "orange", "a strawberry": "red", "the sea": "blue", "a leaf": "green", "a frog": "green", "a pig": "pink",
    "an elephant": "grey", "a cherry": "red", "a cucumber": "green", "a polar bear": "white", "a crow": "black",
    "the night sky": "black", "a ruby": "red", "an emerald": "green", "gold": "yellow", "silver": "grey", "salt": "white",
    "coffee": "brown", "a flamingo": "pink", "broccoli": "green", "a school bus": "yellow", "a fire truck": "red",
    "a plum": "purple", "cheese": "yellow", "a cloud": "white", "wood": "brown", "a pea": "green", "a swan": "white",
}

LEGS = {
    "a dog": 4, "a cat": 4, "a spider": 8, "an ant": 6, "a bird": 2, "a horse": 4, "a cow": 4, "a human": 2, "a snake": 0,
    "a fish": 0, "a bee": 6, "a chicken": 2, "a pig": 4, "a sheep": 4, "a fly": 6, "a mouse": 4, "a lion": 4, "a duck": 2,
    "an elephant": 4, "a frog": 4, "a beetle": 6, "a tiger": 4, "a chair": 4, "a table": 4, "a butterfly": 6, "a crab": 10,
}
SOUNDS = {
    "cow": "moo", "dog": "woof", "cat": "meow", "duck": "quack", "sheep": "baa", "pig": "oink", "horse": "neigh",
    "lion": "roar", "snake": "hiss", "bee": "buzz", "frog": "ribbit", "owl": "hoot", "rooster": "cock-a-doodle-doo",
    "mouse": "squeak", "wolf": "howl", "crow": "caw", "bird": "tweet",
}
BABIES = {
    "dog": "puppy", "cat": "kitten", "cow": "calf", "horse": "foal", "sheep": "lamb", "pig": "piglet", "duck": "duckling",
    "chicken": "chick", "lion": "cub", "bear": "cub", "frog": "tadpole", "goat": "kid", "swan": "cygnet", "kangaroo": "joey",
}
PLURALS = {
    "cat": "cats", "dog": "dogs", "mouse": "mice", "child": "children", "foot": "feet", "tooth": "teeth", "man": "men",
    "woman": "women", "goose": "geese", "box": "boxes", "bus": "buses", "city": "cities", "baby": "babies", "knife": "knives",
    "leaf": "leaves", "wolf": "wolves", "sheep": "sheep", "fish": "fish", "book": "books", "tree": "trees", "house": "houses",
    "car": "cars", "apple": "apples", "person": "people", "country": "countries", "story": "stories", "watch": "watches",
    "dish": "dishes", "potato": "potatoes", "tomato": "tomatoes", "day": "days", "key": "keys", "toy": "toys", "ox": "oxen",
    "bird": "birds", "table": "tables", "chair": "chairs", "life": "lives", "wife": "wives", "half": "halves",
}
PASTS = {
    "go": "went", "eat": "ate", "see": "saw", "run": "ran", "take": "took", "give": "gave", "come": "came", "sing": "sang",
    "swim": "swam", "write": "wrote", "drink": "drank", "make": "made", "buy": "bought", "think": "thought", "walk": "walked",
    "play": "played", "be": "was", "have": "had", "do": "did", "say": "said", "find": "found", "fly": "flew", "read": "read",
}

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()

YES_NO = {
    # statement turned into a question -> answer
    "Is the sun hot?": "Yes, the sun is very hot.", "Is ice cold?": "Yes, ice is cold.", "Is ice hot?": "No, ice is cold.",
    "Is fire cold?": "No, fire is hot.", "Is fire hot?": "Yes, fire is hot.", "Can birds fly?": "Yes, most birds can fly.",
    "Can fish swim?": "Yes, fish can swim.", "Can dogs fly?": "No, dogs cannot fly.", "Can pigs fly?": "No, pigs cannot fly.",
    "Can cats swim?": "Yes, but most cats do not like water.", "Is a dog an animal?": "Yes, a dog is an animal.",
    "Is a rose a flower?": "Yes, a rose is a flower.", "Is a car an animal?": "No, a car is a machine.",
    "Is a tomato an animal?": "No, a tomato is a plant.", "Is water wet?": "Yes, water is wet.",
    "Is the earth flat?": "No, the earth is round.", "Is the earth round?": "Yes, the earth is round.",
    "Is the moon made of cheese?": "No, the moon is made of rock.", "Is a whale a fish?": "No, a whale is a mammal.",
    "Is a spider an insect?": "No, a spider is not an insect.", "Is an apple a fruit?": "Yes, an apple is a fruit.",
    "Is a carrot a fruit?": "No, a carrot is a vegetable.", "Is a banana a fruit?": "Yes, a banana is a fruit.",
    "Do fish live in water?": "Yes, fish live in water.", "Do cows eat grass?": "Yes, cows eat grass.",
    "Do cows lay eggs?": "No, cows do not lay eggs.", "Do chickens lay eggs?": "Yes, chickens lay eggs.",
    "Do bees make honey?": "Yes, bees make honey.", "Do cats bark?": "No, cats meow.", "Do dogs bark?": "Yes, dogs bark.",
    "Do snakes have legs?": "No, snakes do not have legs.", "Do plants need water?": "Yes, plants need water.",
    "Is snow white?": "Yes, snow is white.", "Is grass blue?": "No, grass is green.", "Is the sky green?": "No, the sky is blue.",
    "Is blood red?": "Yes, blood is red.", "Is gold a metal?": "Yes, gold is a metal.", "Is glass soft?": "No, glass is hard.",
    "Is an elephant big?": "Yes, an elephant is big.", "Is a mouse bigger than an elephant?": "No, an elephant is bigger.",
    "Is an elephant bigger than a mouse?": "Yes, an elephant is bigger.", "Is winter warm?": "No, winter is cold.",
    "Is summer warm?": "Yes, summer is warm.", "Is Monday a day of the week?": "Yes, Monday is a day of the week.",
    "Is May a month?": "Yes, May is a month.", "Is Sunday a month?": "No, Sunday is a day.", "Is sugar sweet?": "Yes, sugar is sweet.",
    "Is a lemon sweet?": "No, a lemon is sour.", "Is a lemon sour?": "Yes, a lemon is sour.", "Is Africa a continent?": "Yes, Africa is a continent.",
    "Is Python a programming language?": "Yes, Python is a programming language.", "Can a stone float?": "No, a stone sinks.",
    "Does wood float?": "Yes, wood floats on water.", "Does the sun rise in the west?": "No, the sun rises in the east.",
    "Does the sun rise in the east?": "Yes, the sun rises in the east.", "Can humans breathe under water?": "No, humans cannot breathe under water.",
    "Is honey made by bees?": "Yes, bees make honey.", "Is a penguin a bird?": "Yes, a penguin is a bird.", "Can penguins fly?": "No, penguins cannot fly.",
}

TRIVIA = {
    # answer -> ways to ask
    "The sky is blue because the air scatters blue light more than red light.": [
        "Why is the sky blue?", "why does the sky look blue", "Explain why the sky is blue.", "What makes the sky blue?", "Can you explain why the sky is blue?"],
    "There are seven days in a week.": ["How many days are in a week?", "How many days does a week have?", "A week has how many days?"],
    "There are twelve months in a year.": ["How many months are in a year?", "How many months does a year have?", "A year has how many months?"],
    "There are 365 days in a year.": ["How many days are in a year?", "How many days does a year have?", "A year has how many days?"],
    "There are 24 hours in a day.": ["How many hours are in a day?", "How many hours does a day have?", "A day has how many hours?"],
    "There are 60 minutes in an hour.": ["How many minutes are in an hour?", "How many minutes does an hour have?", "An hour has how many minutes?"],
    "There are 60 seconds in a minute.": ["How many seconds are in a minute?", "How many seconds does a minute have?", "A minute has how many seconds?"],
    "There are 26 letters in the English alphabet.": ["How many letters are in the alphabet?", "How many letters does the alphabet have?"],
    "There are seven continents.": ["How many continents are there?", "How many continents does the earth have?"],
    "There are seven colors in a rainbow.": ["How many colors are in a rainbow?", "How many colours does a rainbow have?"],
    "The four seasons are spring, summer, autumn and winter.": ["What are the four seasons?", "Name the seasons.", "List the seasons of the year.", "Which seasons are there?"],
    "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday.": [
        "What are the days of the week?", "Name the days of the week.", "List the days of the week.", "Tell me the days of the week.", "Which days are in a week?"],
    "The months are January, February, March, April, May, June, July, August, September, October, November and December.": [
        "What are the months of the year?", "Name the months.", "List all the months of the year.", "Tell me the twelve months.", "List the months."],
    "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z": ["Say the alphabet.", "What is the alphabet?", "Recite the alphabet.", "List the letters of the alphabet."],
    "The largest ocean is the Pacific Ocean.": ["What is the largest ocean?", "Which ocean is the biggest?", "What is the biggest ocean on earth?"],
    "The largest animal is the blue whale.": ["What is the largest animal?", "Which animal is the biggest?", "What is the biggest animal in the world?"],
    "The fastest land animal is the cheetah.": ["What is the fastest animal?", "Which land animal is the fastest?", "What is the fastest land animal?"],
    "The tallest animal is the giraffe.": ["What is the tallest animal?", "Which animal is the tallest?"],
    "The highest mountain is Mount Everest.": ["What is the highest mountain?", "Which mountain is the tallest?", "What is the tallest mountain in the world?"],
    "The largest planet is Jupiter.": ["What is the largest planet?", "Which planet is the biggest?", "What is the biggest planet in the solar system?"],
    "The planet closest to the sun is Mercury.": ["Which planet is closest to the sun?", "What planet is nearest to the sun?"],
    "We live on the planet Earth.": ["What planet do we live on?", "Which planet do humans live on?", "What is our planet called?"],
    "The red planet is Mars.": ["Which planet is called the red planet?", "What is the red planet?"],
    "Water freezes at 0 degrees Celsius.": ["At what temperature does water freeze?", "When does water freeze?", "What is the freezing point of water?"],
    "Water boils at 100 degrees Celsius.": ["At what temperature does water boil?", "When does water boil?", "What is the boiling point of water?"],
    "Bees make honey.": ["Which insect makes honey?", "What animal makes honey?", "Who makes honey?", "What do bees make?"],
    "Milk comes from cows.": ["Where does milk come from?", "Which animal gives us milk?", "What animal does milk come from?"],
    "Chickens lay eggs.": ["Which animal lays eggs?", "Where do eggs come from?", "What do chickens lay?"],
    "The sun rises in the east.": ["Where does the sun rise?", "In which direction does the sun rise?"],
    "The sun sets in the west.": ["Where does the sun set?", "In which direction does the sun set?"],
    "A triangle has three sides.": ["How many sides does a triangle have?", "How many corners does a triangle have?", "A triangle has how many sides?"],
    "A square has four sides.": ["How many sides does a square have?", "How many corners does a square have?", "A square has how many sides?"],
    "The chemical formula of water is H2O.": ["What is the formula of water?", "What is the chemical formula for water?"],
    "People in France speak French.": ["What language do people speak in France?", "Which language is spoken in France?"],
    "People in Germany speak German.": ["What language do people speak in Germany?", "Which language is spoken in Germany?"],
    "People in Spain speak Spanish.": ["What language do people speak in Spain?", "Which language is spoken in Spain?"],
    "People in Japan speak Japanese.": ["What language do people speak in Japan?", "Which language is spoken in Japan?"],
    "People in Italy speak Italian.": ["What language do people speak in Italy?", "Which language is spoken in Italy?"],
    "William Shakespeare wrote Romeo and Juliet.": ["Who wrote Romeo and Juliet?", "Who is the author of Romeo and Juliet?", "Who wrote Hamlet?"],
    "Leonardo da Vinci painted the Mona Lisa.": ["Who painted the Mona Lisa?", "Which artist painted the Mona Lisa?"],
    "Neil Armstrong was the first person on the moon.": ["Who was the first person on the moon?", "Who first walked on the moon?"],
    "The sun is a star that gives us light and warmth.": ["What is the sun?", "Tell me about the sun.", "Explain what the sun is."],
    "The moon goes around the earth and shines at night.": ["What is the moon?", "Tell me about the moon.", "Explain what the moon is."],
    "Water is a clear liquid that all living things need.": ["What is water?", "Tell me about water.", "Explain what water is."],
    "A computer is a machine that runs programs.": ["What is a computer?", "Tell me about computers.", "Explain what a computer is."],
    "A dog is a friendly animal that barks.": ["What is a dog?", "Tell me about dogs.", "Describe a dog."],
    "A cat is a small animal that purrs and catches mice.": ["What is a cat?", "Tell me about cats.", "Describe a cat."],
    "A book has pages with words that you can read.": ["What is a book?", "Explain what a book is."],
    "A language model is a program that predicts the next word of a text.": [
        "What is a language model?", "Explain what a language model is.", "What is an LLM?", "How do language models work?", "What is a large language model?"],
    "Rain is water that falls from the clouds.": ["What is rain?", "Explain rain.", "Where does rain come from?"],
    "Snow is frozen water that falls from the clouds.": ["What is snow?", "Explain snow.", "Tell me about snow."],
    "Python is a programming language.": ["What is Python?", "Tell me about Python.", "Explain what Python is."],
    "JavaScript is a programming language for the web.": ["What is JavaScript?", "Tell me about JavaScript."],
    "A tree is a tall plant with a trunk and leaves.": ["What is a tree?", "Describe a tree.", "Tell me about trees."],
    "A doctor helps sick people.": ["What does a doctor do?", "What is a doctor?", "Tell me what a doctor does."],
    "A teacher helps people learn.": ["What does a teacher do?", "What is a teacher?", "Tell me what a teacher does."],
    "A baker bakes bread.": ["What does a baker do?", "What is a baker?", "Who bakes bread?"],
    "You can eat an apple, bread or soup.": ["What can I eat?", "Give me an idea for food.", "What should I eat for lunch?"],
    "You use a pen to write.": ["What do you use to write?", "What is a pen for?", "What do people write with?"],
    "We see with our eyes.": ["What do we see with?", "What do we use to see?", "Which part of the body do we see with?"],
    "We hear with our ears.": ["What do we hear with?", "What do we use to hear?", "Which part of the body do we hear with?"],
    "We smell with our nose.": ["What do we smell with?", "What do we use to smell?", "Which part of the body do we smell with?"],
    "A hand has five fingers.": ["How many fingers are on a hand?", "How many fingers does a hand have?"],
    "A car has four wheels.": ["How many wheels does a car have?", "A car has how many wheels?"],
    "A bicycle has two wheels.": ["How many wheels does a bike have?", "How many wheels does a bicycle have?"],
    "The meaning of life is a big question. Be kind and be curious.": ["What is the meaning of life?", "What is the purpose of life?"],
}
HOW_MANY = {
    # answer -> what is counted, in what
    "There are seven days in a week.": ("days", "a week"), "There are twelve months in a year.": ("months", "a year"),
    "There are 365 days in a year.": ("days", "a year"), "There are 24 hours in a day.": ("hours", "a day"),
    "There are 60 minutes in an hour.": ("minutes", "an hour"), "There are 60 seconds in a minute.": ("seconds", "a minute"),
    "There are 26 letters in the English alphabet.": ("letters", "the English alphabet"), "There are seven colors in a rainbow.": ("colors", "a rainbow"),
}
MIXES = {
    ("blue", "yellow"): "green", ("red", "yellow"): "orange", ("red", "blue"): "purple", ("red", "white"): "pink", ("black", "white"): "grey",
}

LISTS = {
    "fruits": "apple banana cherry grape lemon orange pear plum peach mango",
    "vegetables": "carrot potato onion pea bean cabbage tomato cucumber pumpkin leek",
    "animals": "dog cat horse cow lion tiger bear mouse rabbit elephant",
    "colors": "red blue green yellow orange purple pink black white brown",
    "birds": "owl crow duck eagle swan robin parrot goose sparrow penguin",
    "drinks": "water tea coffee milk juice lemonade cocoa soda cider broth",
    "tools": "hammer saw drill wrench axe pliers file knife shovel rake",
    "sports": "football tennis golf hockey swimming running boxing chess skiing rugby",
    "countries": "France Germany Italy Spain Japan China India Brazil Canada Egypt",
    "cities": "Paris London Berlin Rome Madrid Tokyo Cairo Vienna Oslo Lima",
    "instruments": "piano guitar violin drum flute trumpet harp cello horn organ",
    "programming languages": "Python JavaScript C Java Rust Go Ruby Swift Perl Lua",
}

CHAT = {
    # (answer, thought) -> ways to say it
    ("I am Snug Tiny, a very small model that ships with Snug.", "The user asks who I am."): [
        "Who are you?", "What are you?", "What is your name?", "What's your name?", "Tell me your name.", "who r u", "Introduce yourself.",
        "Who am I talking to?", "Tell me who you are.", "What model are you?", "Which model is this?", "What should I call you?", "Your name?",
        "Tell me about yourself.", "What model am I talking to?", "Say who you are.", "Do you have a name?", "What kind of model are you?",
        "Who is this?", "Who is there?", "Please introduce yourself.", "Can you tell me your name?", "May I know your name?", "Describe yourself.",
        "What are you called?", "Which AI are you?", "Hi, who are you?", "Hello, what is your name?"],
    ("I was made by the Snug contributors.", "The user asks who made me."): [
        "Who made you?", "Who created you?", "Who built you?", "Who trained you?", "Who is your maker?", "Who is your creator?", "Where do you come from?",
        "Who developed you?", "By whom were you made?", "Who wrote you?", "Which company made you?", "Tell me who made you.", "What team built you?",
        "Were you made by a company?", "Who are your developers?", "Who is behind you?"],
    ("I am very small. I can answer simple questions, add small numbers, call tools and fill in tiny bits of code.", "The user asks what I can do."): [
        "What can you do?", "What are you good at?", "How can you help me?", "What do you know?", "What are your skills?", "What can I ask you?",
        "Help", "help me", "What are you able to do?", "Tell me what you can do.", "What are you for?", "What is your purpose?", "List your abilities.",
        "How do I use you?", "What can you help me with?", "What things can you do?", "What tasks can you handle?", "What kind of questions can you answer?"],
    ("I am a program, not a person.", "The user asks if I am a person."): [
        "Are you human?", "Are you a person?", "Are you a robot?", "Are you real?", "Are you alive?", "Are you a man or a woman?", "Are you an AI?",
        "Am I talking to a human?", "Are you a bot?", "Are you a machine?", "Do you have a body?", "How old are you?", "Where do you live?"],
    ("I am not ChatGPT. I am Snug Tiny, a very small model.", "The user asks if I am another model."): [
        "Are you ChatGPT?", "Are you GPT-4?", "Are you Llama?", "Are you Claude?", "Are you Gemini?", "Are you Qwen?", "Is this ChatGPT?"],
    ("I am a very small model with about four million parameters.", "The user asks how big I am."): [
        "How big are you?", "How many parameters do you have?", "What is your size?", "How large are you?", "Are you a big model?", "How small are you?"],
    ("Snug is a small local model server.", "The user asks about Snug."): [
        "What is Snug?", "Tell me about Snug.", "What does Snug do?", "Explain Snug.", "What is the Snug server?", "Describe Snug."],
    ("Hello! How can I help you?", "The user greets me."): [
        "Hello", "Hi", "Hey", "Hello!", "Hi there", "Hey there!", "Good morning", "Good evening", "Good afternoon", "Hello there", "Greetings", "Howdy",
        "Hi Snug", "Hello Snug", "hiya", "yo", "Hey Snug!", "Good day", "Hello, model.", "hi!!", "Hey, are you there?", "Hello friend", "Hello world", "test", "ping"],
    ("I am fine, thank you. How can I help you?", "The user asks how I am."): [
        "How are you?", "How are you doing?", "How do you feel?", "How is it going?", "What's up?", "Hi, how are you?", "Hello, how are you today?",
        "Are you okay?", "How are things?", "Are you well?", "How have you been?", "Everything fine?"],
    ("You are welcome!", "The user thanks me."): [
        "Thanks", "Thank you", "Thank you!", "Thanks a lot", "Thank you very much", "Thanks for the help", "ty", "Many thanks", "Great, thanks", "Thank you so much",
        "Perfect, thank you.", "Thanks Snug", "That helped, thanks.", "Cheers", "I appreciate it."],
    ("Goodbye! Have a nice day.", "The user says goodbye."): [
        "Bye", "Goodbye", "See you", "Good night", "See you later", "Bye bye", "I have to go", "Bye!", "See you tomorrow", "Take care", "Farewell",
        "That is all, bye.", "I am leaving now.", "Talk to you later", "Later!"],
    ("Sorry about that. I am only a very small model.", "The user is not happy with me."): [
        "That is wrong.", "You are wrong.", "You are stupid", "That is not right.", "Bad answer", "No, that is false.", "You made a mistake."],
    ("Thank you! That is kind of you.", "The user is kind to me."): [
        "You are great", "Good job", "Well done", "I like you", "You are smart", "Nice work", "You are very helpful", "That was a good answer.", "I love you"],
    ("Okay.", "The user agrees."): ["Okay", "ok", "Fine", "Sure", "Alright", "I see", "Got it", "yes", "Right"],
    ("What did the ocean say to the beach? Nothing, it just waved.", "The user wants a joke."): [
        "Tell me a joke.", "Make me laugh.", "Do you know a joke?", "Say something funny.", "Tell a joke", "Give me a joke.", "I want to hear a joke."],
    ("Roses are red,\nviolets are blue,\nI am quite small,\nbut I rhyme for you.", "The user wants a poem."): [
        "Write a poem.", "Tell me a poem.", "Write me a short poem.", "Can you write a poem?", "Give me a poem.", "Write a haiku.", "Make a rhyme."],
    ("Here is a fun fact: honey never spoils.", "The user wants a fun fact."): [
        "Tell me a fun fact.", "Give me a fact.", "Tell me something interesting.", "Do you know a fun fact?", "Tell me something.", "Say something."],
    ("I do not know that. I am a very small model.", "I do not know this."): [
        "Who won the election?", "What will happen tomorrow?", "Who is the president?", "What is quantum gravity?", "How do I fix my car?", "What is the stock market doing?",
        "Solve this integral.", "Who won the game last night?", "What is the best phone?", "Explain the theory of relativity.", "Write my essay.",
        "How do I invest money?", "What happened in 1789?", "Who invented the telephone?", "What is the population of Mars?", "Prove the Riemann hypothesis.",
        "How does a nuclear reactor work?", "What is my horoscope?", "Can you diagnose me?", "Which team is the best?", "What is the news?"],
}

CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"


def pseudo_word(rng: Random) -> str:
    """A made-up word; arguments built from these teach copying instead of remembering."""
    parts = []
    for _ in range(rng.choice((1, 2, 2, 2, 3))):
        parts.append(rng.choice(CONSONANTS) * (rng.random() < 0.93) + rng.choice(VOWELS) + rng.choice(("", "", "n", "r", "l", "s", "th", "x", "ck", "y")))
    return "".join(parts)


PEOPLE = (
    "Alice Bob Carol David Emma Frank Grace Henry Ivy Jack Kate Leo Mia Noah Olivia Paul Rosa Sam Tom Uma Victor Wendy Ada Ben Clara "
    "Dan Eva Finn Gina Hugo Iris John Karl Lucy Max Nina Otto Peter Rita Sara Tim Vera Will Zoe Mary Anna Lena Mark Jane Omar Ali Maya"
).split()


def person(rng: Random) -> str:
    return rng.choice(PEOPLE) if rng.random() < 0.6 else pseudo_word(rng).capitalize()


def bare(noun: str) -> str:
    """The noun without its article."""
    return noun.split(" ", 1)[1] if noun.split(" ")[0] in ("a", "an", "the") else noun


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


has_frames = False
"""Whether questions are also put together from frames and phrases."""


def reworded(rng: Random, question: str, kind: str, **slots: object) -> str:
    return wordings.compose(rng, kind, **slots) if has_frames and rng.random() < 0.6 else question


def ask_capital(rng: Random) -> Item:
    country = rng.choice(list(CAPITALS))
    capital = CAPITALS[country]
    if rng.random() < 0.1:
        prompt = rng.choice(("Which country has the capital {}?", "{} is the capital of which country?", "{} is the capital of what?", "What country is {} the capital of?"))
        return Item(prompt.format(capital), f"{capital} is the capital of {country}.", f"The user asks which country has the capital {capital}.", upper_first(country))
    prompt = rng.choice((
        "What is the capital of {}?", "What is the capital of {}?", "What is {}'s capital?", "What's the capital of {}?", "Which city is the capital of {}?",
        "Name the capital of {}.", "Tell me the capital of {}.", "Capital of {}?", "capital of {}", "The capital of {} is", "Give me the capital of {}.",
        "What is the capital city of {}?", "Do you know the capital of {}?", "I need the capital of {}.", "{}: what is the capital?", "What city is the capital of {}?",
        "Please name {}'s capital city.", "Which is the capital city of {}?", "Can you tell me the capital of {}?", "In {}, what is the capital?",
        "Where is the government of {}?", "Quiz: capital of {}?", "Say the capital of {}.", "I forgot the capital of {}. What is it?", "{} capital",
    )).format(country)
    prompt = reworded(rng, prompt, "capital", x=country)
    return Item(upper_first(prompt), f"The capital of {country} is {capital}.", f"The user asks for the capital of {country}.", capital)


def ask_country(rng: Random) -> Item:
    country = rng.choice(list(CONTINENT_OF))
    continent, name = CONTINENT_OF[country], upper_first(country)
    if rng.random() < 0.5:
        prompt = rng.choice(("Where is {}?", "On which continent is {}?", "Which continent is {} in?", "What continent does {} belong to?", "In what part of the world is {}?"))
        return Item(prompt.format(country), f"{name} is in {continent}.", f"The user asks where {country} is.", continent)
    prompt = rng.choice(("Tell me about {}.", "What do you know about {}?", "Describe {}.", "What is {}?", "Say something about {}.", "Give me facts about {}."))
    return Item(prompt.format(country), f"{name} is a country in {continent}. Its capital is {CAPITALS[country]}.", f"The user asks about {country}.")


def summands(rng: Random) -> tuple[int, int]:
    """Two numbers whose sum is at most twenty: as many harder pairs as easy ones."""
    while True:
        a, b = (rng.randint(0, 20), rng.randint(0, 20)) if rng.random() < 0.5 else (rng.randint(1, 10), rng.randint(1, 10))
        if a + b <= 20:
            return a, b


def ask_sum(rng: Random) -> Item:
    plus = rng.random() < 0.55 or IS_SETTLED
    if plus:
        a, b = summands(rng)
        total = a + b
        symbol, words, total_words = "+", ("plus", "plus", "and"), total
        prompts = (
            "What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b}", "{a} + {b} = ?", "{a}+{b}", "{a} plus {b}", "Add {a} and {b}.", "How much is {a} plus {b}?",
            "What is the sum of {a} and {b}?", "Calculate {a} + {b}.", "What do you get when you add {a} and {b}?", "Compute {a} plus {b}.", "How much is {a} and {b} together?",
            "If I have {a} apples and get {b} more, how many do I have?", "Can you add {a} and {b}?", "{a} plus {b} is?", "What does {a} + {b} equal?", "Tell me {a} plus {b}.",
            "what's {a} + {b}", "{a} and {b} make?", "I need the sum of {a} and {b}.", "Solve {a} + {b}.")
    else:
        a = rng.randint(0, 20)
        b = rng.randint(0, a)
        total_words = a - b
        symbol = "-"
        prompts = (
            "What is {a} minus {b}?", "What is {a} - {b}?", "{a} - {b}", "{a} - {b} = ?", "{a}-{b}", "{a} minus {b}", "Subtract {b} from {a}.", "How much is {a} minus {b}?",
            "What is the difference between {a} and {b}?", "Calculate {a} - {b}.", "Take {b} away from {a}.", "Compute {a} minus {b}.", "What is left when you take {b} from {a}?",
            "If I have {a} apples and eat {b}, how many are left?", "Can you subtract {b} from {a}?", "{a} minus {b} is?", "What does {a} - {b} equal?", "Tell me {a} minus {b}.",
            "what's {a} - {b}", "Solve {a} - {b}.")
    prompt = rng.choice(prompts)
    name = "plus" if symbol == "+" else "minus"
    spelled = symbol not in prompt and rng.random() < 0.4
    said_a, said_b = (NUMBER_WORDS[a], NUMBER_WORDS[b]) if spelled else (str(a), str(b))
    question = prompt.format(a=said_a, b=said_b)
    if plus:
        spelled = rng.random() < 0.4
        said_a, said_b = (NUMBER_WORDS[a], NUMBER_WORDS[b]) if spelled else (str(a), str(b))
        question = reworded(rng, question, "sum", a=said_a, b=said_b)
    return Item(upper_first(question), f"{a} {name} {b} is {total_words}.", f"I should compute {a} {symbol} {b}. It is {total_words}.", str(total_words))


def ask_opposite(rng: Random) -> Item:
    word = rng.choice(list(OPPOSITE_OF))
    prompt = rng.choice((
        "What is the opposite of {}?", "What is the opposite of {}?", "Opposite of {}?", "opposite of {}", "Tell me the opposite of {}.", "What's the opposite of '{}'?",
        "Give me the opposite of {}.", "Name the opposite of {}.", "Which word is the opposite of {}?", "What word means the opposite of {}?", "{} is the opposite of what?",
        "What is the contrary of {}?", "The opposite of {} is", "Do you know the opposite of {}?", "Say the opposite of {}.", "What is an antonym of {}?", "antonym for {}"))
    question = reworded(rng, prompt.format(word), "opposite", x=word)
    return Item(upper_first(question), f"The opposite of {word} is {OPPOSITE_OF[word]}.", f"The user asks for the opposite of {word}.", OPPOSITE_OF[word])


def ask_colour(rng: Random) -> Item:
    if rng.random() < 0.12:
        (first, second), result = rng.choice(list(MIXES.items()))
        if rng.random() < 0.5:
            first, second = second, first
        prompt = rng.choice(("What color do {} and {} make?", "Which color do you get from {} and {}?", "Mix {} and {}.", "What is {} mixed with {}?", "What colour is {} plus {}?"))
        return Item(prompt.format(first, second), f"If you mix {first} and {second}, you get {result}.", f"The user mixes {first} and {second}.", result)
    thing = rng.choice(list(COLOURS))
    prompt = rng.choice((
        "What color is {}?", "What colour is {}?", "Which color is {}?", "Tell me the color of {}.", "What is the color of {}?", "Name the color of {}.", "color of {}",
        "{} has what color?", "Do you know the color of {}?", "What is the colour of {}?", "Which colour does {} have?", "{} is what color?", "What color does {} have?"))
    question = reworded(rng, prompt.format(thing), "colour", x=thing)
    return Item(upper_first(question), f"{upper_first(thing)} is {COLOURS[thing]}.", f"The user asks for the color of {thing}.", COLOURS[thing])


def ask_animal(rng: Random) -> Item:
    kind = rng.random()
    if kind < 0.45:
        animal = rng.choice(list(LEGS))
        count = NUMBER_WORDS[LEGS[animal]] if LEGS[animal] else "no"
        prompt = rng.choice((
            "How many legs does {} have?", "How many legs does {} have?", "{} has how many legs?", "Number of legs of {}?", "Tell me how many legs {} has.", "How many legs has {}?",
            "What is the number of legs of {}?", "Count the legs of {}.", "How many legs are on {}?", "Do you know how many legs {} has?"))
        question = reworded(rng, prompt.format(animal), "legs", x=animal)
        return Item(upper_first(question), f"{upper_first(animal)} has {count} legs.", f"The user asks about the legs of {animal}.", count)
    if kind < 0.75:
        animal = rng.choice(list(SOUNDS))
        prompt = rng.choice((
            "What sound does a {} make?", "What does a {} say?", "Which sound does a {} make?", "How does a {} sound?", "What noise does a {} make?", "Tell me the sound of a {}.",
            "sound of a {}", "What is the sound of a {}?", "Make the sound of a {}.", "What do you hear from a {}?"))
        question = reworded(rng, prompt.format(animal), "sound", x=animal)
        return Item(upper_first(question).replace("a owl", "an owl"), f"A {animal} says {SOUNDS[animal]}.".replace("A owl", "An owl"), f"The user asks for the sound of a {animal}.", SOUNDS[animal])
    animal = rng.choice(list(BABIES))
    prompt = rng.choice(("What is a baby {} called?", "What do you call a baby {}?", "What is the name of a young {}?", "A baby {} is called?", "How is a young {} called?", "Name the baby of a {}.", "What is the word for a baby {}?"))
    question = reworded(rng, prompt.format(animal), "baby", x=animal)
    return Item(upper_first(question), f"A baby {animal} is called a {BABIES[animal]}.", f"The user asks about a baby {animal}.", BABIES[animal])


def ask_calendar(rng: Random) -> Item:
    names, what = (DAYS, "day") if rng.random() < 0.5 else (MONTHS, "month")
    i = rng.randrange(len(names))
    name = names[i]
    kind = rng.random()
    if kind < 0.4:
        answer = names[(i + 1) % len(names)]
        prompt = rng.choice((
            "What {w} comes after {n}?", "Which {w} comes after {n}?", "What comes after {n}?", "What is the {w} after {n}?", "Which {w} follows {n}?", "After {n} comes?",
            "Tell me the {w} after {n}.", "What is the next {w} after {n}?", "Name the {w} after {n}.", "{w} after {n}")).format(w=what, n=name)
        prompt = reworded(rng, prompt, "next", w=what, x=name)
        if has_frames and what == "day" and rng.random() < 0.1:
            prompt = rng.choice(wordings.TOMORROW).format(x=name)
        return Item(upper_first(prompt), f"{answer} comes after {name}.", f"The user asks what comes after {name}.", answer)
    if kind < 0.75:
        answer = names[i - 1]
        prompt = rng.choice((
            "What {w} comes before {n}?", "Which {w} comes before {n}?", "What comes before {n}?", "What is the {w} before {n}?", "Before {n} comes?",
            "Tell me the {w} before {n}.", "Name the {w} before {n}.", "Which {w} is just before {n}?", "{w} before {n}")).format(w=what, n=name)
        prompt = reworded(rng, prompt, "previous", w=what, x=name)
        if has_frames and what == "day" and rng.random() < 0.1:
            prompt = rng.choice(wordings.YESTERDAY).format(x=name)
        return Item(upper_first(prompt), f"{answer} comes before {name}.", f"The user asks what comes before {name}.", answer)
    of = "week" if what == "day" else "year"
    if kind < 0.83:
        prompt = rng.choice(("What is the last {w} of the {of}?", "Which {w} is the last of the {of}?", "Name the last {w} of the {of}.", "Last {w} of the {of}?")).format(w=what, of=of)
        prompt = reworded(rng, prompt, "nth", w=what, of=of, o="last")
        return Item(upper_first(prompt), f"The last {what} of the {of} is {names[-1]}.", f"The user asks for the last {what}.", names[-1])
    if what == "day":
        i = i if rng.random() < 0.5 else 0
    prompt = rng.choice(("What is the {o} {w} of the {of}?", "Which {w} is the {o} of the {of}?", "Name the {o} {w} of the {of}.", "{o} {w} of the {of}?", "Tell me the {o} {w} of the {of}.")).format(w=what, of=of, o=ORDINALS[i])
    prompt = reworded(rng, prompt, "nth", w=what, of=of, o=ORDINALS[i])
    return Item(upper_first(prompt), f"The {ORDINALS[i]} {what} of the {of} is {names[i]}.", f"The user asks for the {ORDINALS[i]} {what}.", names[i])


def ask_grammar(rng: Random) -> Item:
    if rng.random() < 0.7 or not PASTS:
        word = rng.choice(list(PLURALS))
        prompt = rng.choice((
            "What is the plural of {}?", "What is the plural of {}?", "Plural of {}?", "plural of {}", "Tell me the plural of {}.", "What's the plural of '{}'?", "Give me the plural of {}.",
            "What is the plural form of {}?", "How do you write the plural of {}?", "One {}, two what?", "One {}, many?", "Name the plural of {}.", "Make {} plural.", "What is more than one {} called?"))
        question = reworded(rng, prompt.format(word), "plural", x=word)
        return Item(upper_first(question), f"The plural of {word} is {PLURALS[word]}.", f"The user asks for the plural of {word}.", PLURALS[word])
    word = rng.choice(list(PASTS))
    prompt = rng.choice(("What is the past tense of {}?", "Past tense of {}?", "Tell me the past tense of {}.", "What is the past form of {}?", "Put {} in the past tense.", "past of {}", "Give me the past tense of '{}'."))
    return Item(upper_first(prompt.format(word)), f"The past tense of {word} is {PASTS[word]}.", f"The user asks for the past tense of {word}.", PASTS[word])


def ask_yes_no(rng: Random) -> Item:
    kind = rng.random()
    if kind < 0.2:
        country = rng.choice(list(CAPITALS))
        true = rng.random() < 0.5
        capital = CAPITALS[country] if true else rng.choice(list(CAPITALS.values()))
        answer = f"Yes, {capital} is the capital of {country}." if capital == CAPITALS[country] else f"No, the capital of {country} is {CAPITALS[country]}."
        prompt = rng.choice(("Is {} the capital of {}?", "Is it true that {} is the capital of {}?", "{} is the capital of {}, right?", "Is {} the capital city of {}?"))
        return Item(prompt.format(capital, country), answer, f"The capital of {country} is {CAPITALS[country]}.", answer[:3].strip(","))
    if kind < 0.35:
        a, b = rng.sample(range(1, 21), 2)
        bigger = rng.random() < 0.5
        word = rng.choice(("bigger", "larger", "greater") if bigger else ("smaller", "less"))
        good = a > b if bigger else a < b
        relation = "bigger" if a > b else "smaller"
        return Item(rng.choice((f"Is {a} {word} than {b}?", f"Is the number {a} {word} than {b}?")), f"{'Yes' if good else 'No'}, {a} is {relation} than {b}.", f"I should compare {a} and {b}.", "Yes" if good else "No")
    question = rng.choice(list(YES_NO))
    prompt = rng.choice(("{}", "{}", "{}", "Yes or no: {}", "Tell me: {}", "Question: {}", "True or not? {}", "I want to know: {}")).format(question)
    answer = YES_NO[question]
    if has_frames and rng.random() < 0.4:
        prompt = upper_first(wordings.claim(rng, question))
    return Item(prompt, answer, f"The user asks a yes or no question.", answer.split(",")[0])


def ask_trivia(rng: Random) -> Item:
    answer = rng.choice(list(TRIVIA))
    prompt = rng.choice(TRIVIA[answer])
    if answer in HOW_MANY:
        what, whole = HOW_MANY[answer]
        prompt = upper_first(reworded(rng, prompt, "number", x=what, y=whole))
    return Item(prompt, answer, "The user asks a simple question.")


def ask_chat(rng: Random) -> Item:
    keys = list(CHAT)
    # The first entries (name, maker, abilities) and greetings matter most.
    key = rng.choice(keys[:3] + keys[7:9] + keys) if rng.random() < 0.7 else rng.choice(keys[:3])
    ways = (*CHAT[key], *wordings.MORE_TALK.get(key[1], ())) if has_frames else CHAT[key]
    return Item(rng.choice(ways), key[0], key[1])


SPELLABLE = "cat dog house tree apple water sun moon book fish bird snug hello world green red blue car bread milk stone river table chair happy small big star rain snow train plane lemon tiger mouse horse paper music".split()


def ask_spell(rng: Random) -> Item:
    word = rng.choice(SPELLABLE) if rng.random() < 0.6 else pseudo_word(rng)
    if rng.random() < 0.65:
        prompt = rng.choice(("Spell {}.", "Spell the word {}.", "How do you spell {}?", "spell {}", "Can you spell {}?", "Please spell the word '{}'.", "What is the spelling of {}?", "Spell '{}' for me.", "How is {} spelled?", "Give me the letters of {}."))
        return Item(prompt.format(word), "-".join(word.upper()), f"The user wants me to spell {word}.", "-".join(word.upper()))
    if rng.random() < 0.5:
        prompt = rng.choice(("What is the first letter of {}?", "Which letter does {} start with?", "First letter of {}?", "What letter does the word {} begin with?", "Tell me the first letter of '{}'."))
        return Item(prompt.format(word), f"The first letter of {word} is {word[0].upper()}.", f"I look at the start of {word}.", word[0].upper())
    prompt = rng.choice(("Write {} in capital letters.", "Make {} uppercase.", "{} in uppercase", "Write '{}' in upper case.", "Turn {} into capital letters."))
    return Item(prompt.format(word), word.upper(), f"The user wants {word} in uppercase.", word.upper())


COMMON_WORDS = (
    "the cat sits on a warm chair and we like green tea with milk it is time to go home now my friend has three red books "
    "please bring some fresh bread today she sings very well they walk along the river every morning he reads a long letter "
    "dinner is at seven the train was late again good luck see you soon call me when you arrive the meeting starts at noon"
).split()


def phrase(rng: Random, low: int = 1, high: int = 5) -> str:
    """Some words to copy: common ones mixed with made-up ones."""

    def word() -> str:
        roll = rng.random()
        if roll < 0.4:
            return pseudo_word(rng)
        if roll < 0.44:
            return str(rng.randint(0, 99))
        return rng.choice(COMMON_WORDS) if roll < 0.97 else rng.choice(PEOPLE)

    return " ".join(word() for _ in range(rng.randint(low, high)))


def ask_repeat(rng: Random) -> Item:
    text = phrase(rng)
    style = rng.random()
    if style < 0.3:
        text = upper_first(text)
    elif style < 0.4:
        text = person(rng)
    elif style < 0.5:
        text = str(rng.randint(0, 999))
    if rng.random() < 0.2:
        text += rng.choice(".!")
    prompt = rng.choice((
        "Say {}", "Say: {}", "Repeat after me: {}", "Repeat: {}", "Say '{}'", 'Say "{}"', "Please say {}", "Write {}", "Echo {}", "echo: {}", "Repeat this: {}", "Say exactly: {}",
        'Repeat "{}"', "Can you say {}", "Reply with {}", "Answer with: {}", "Just say {}", "Only say {}", 'Print "{}"', "Copy this text: {}", "Please repeat: {}", "Say the word {}" if " " not in text else "Say the words {}"))
    return Item(prompt.format(text), text, "The user wants me to repeat the text.", text)


def ask_count(rng: Random) -> Item:
    """Counting gives long answers, which is handy for trying out streaming and cancelling."""
    kind = rng.random()
    end = rng.choice((3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 10, 12, 15, 20, 20, 25, 30))
    if rng.random() < 0.12:
        end = rng.choice((30, 40, 50, 60, 75, 100, 100))
    if IS_SETTLED:
        kind, end = 0.0, min(end, 10)
    if kind < 0.8:
        numbers = range(1, end + 1)
        prompt = rng.choice((
            "Count to {}.", "Count from 1 to {}.", "Count from 1 to {}.", "count to {}", "Can you count to {}?", "Please count from 1 to {}.", "Count up to {}.", "Count from one to {}.",
            "Write the numbers from 1 to {}.", "List the numbers 1 to {}.", "Say the numbers from 1 to {}.", "Numbers from 1 to {}", "Give me all numbers from 1 to {}.", "Start at 1 and count to {}."))
        said = NUMBER_WORDS[end] if end <= 20 and rng.random() < 0.25 else str(end)
        question = prompt.format(said)
        if has_frames and rng.random() < 0.6:
            question = upper_first(wordings.counting(rng, said))
    elif kind < 0.92:
        end = min(end, 20)
        numbers = range(end, 0, -1)
        question = rng.choice(("Count down from {}.", "Count backwards from {}.", "Count down from {} to 1.", "Do a countdown from {}.", "Count from {} down to 1.")).format(end)
    else:
        start = rng.randint(2, 20)
        end = start + rng.randint(2, 10)
        numbers = range(start, end + 1)
        question = rng.choice(("Count from {} to {}.", "Write the numbers from {} to {}.", "List the numbers {} to {}.")).format(start, end)
    listing = ", ".join(map(str, numbers))
    thought = f"The user wants me to count to {end}." if numbers[0] == 1 else "The user wants me to count."
    return Item(question, listing, thought)


def ask_list(rng: Random) -> Item:
    topic = rng.choice(list(LISTS))
    count = rng.randint(2, 6)
    items = LISTS[topic].split(" ")[:count]
    said = NUMBER_WORDS[count] if rng.random() < 0.6 else str(count)
    prompt = rng.choice(("Name {} {}.", "List {} {}.", "Give me {} {}.", "Tell me {} {}.", "Can you name {} {}?", "Write down {} {}.", "I need {} {}.", "What are {} {}?")).format(said, topic)
    return Item(prompt, f"{', '.join(items[:-1])} and {items[-1]}.", f"The user wants {NUMBER_WORDS[count]} {topic}.")


PETS = "cat dog mouse fox bear rabbit owl horse frog duck".split()
PLACES = ["a small house", "a deep forest", "a quiet village", "an old mill", "a blue lake", "a green garden"]
FINDS = ["a golden key", "a red ball", "a lost letter", "a tiny door", "a warm loaf of bread", "a shiny stone"]


def ask_story(rng: Random) -> Item:
    pet = rng.choice(PETS)
    name = rng.choice(PEOPLE)
    place, find = rng.choice(PLACES), rng.choice(FINDS)
    friend = rng.choice([p for p in PETS if p != pet])
    about = ""
    if rng.random() < 0.5:
        about = f" about a {pet}".replace("a owl", "an owl")
    prompt = rng.choice(("Tell me a story{}.", "Tell me a short story{}.", "Write a story{}.", "Write a short story{}.", "Can you tell me a story{}?", "I want to hear a story{}.", "Please tell a story{}.", "Make up a story{}.", "story{}", "Write a tiny story{}."))
    pet_a, friend_a = (f"a {animal}".replace("a owl", "an owl") for animal in (pet, friend))
    lines = [
        rng.choice(("Once upon a time there was {} called {}.", "Once there was {} with the name {}.")).format(pet_a, name),
        f"{name} lived near {place}.",
        f"One day {name} found {find}.",
        f"{name} showed it to {friend_a}, and the {friend} was very happy.",
        rng.choice(("They shared it and became good friends.", "They played all day and went home at night.", "They laughed and danced until the sun went down.")),
        rng.choice(("The end.", "And so they lived happily ever after.")),
    ]
    return Item(prompt.format(about), " ".join(lines), f"The user wants a story{about}.")


def ask_json(rng: Random) -> Item:
    """A few answers as JSON, so that structured output has something sensible to constrain."""
    kind = rng.random()
    if kind < 0.4:
        country = rng.choice(list(CAPITALS))
        prompt = rng.choice(("What is the capital of {}? Answer as JSON.", "Give me the capital of {} as JSON.", "Tell me about {} in JSON.", "What is the capital of {}? Respond using JSON", "Tell me about {}. Respond in JSON."))
        return Item(prompt.format(country), f'{{"country": "{upper_first(country)}", "capital": "{CAPITALS[country]}"}}', "The user wants JSON.")
    if kind < 0.7:
        a, b = rng.randint(0, 10), rng.randint(0, 10)
        return Item(rng.choice((f"What is {a} + {b}? Answer as JSON.", f"Add {a} and {b}. Respond using JSON", f"What is {a} plus {b}? Reply in JSON.")), f'{{"answer": {a + b}}}', "The user wants JSON.")
    name, age = person(rng), rng.randint(3, 90)
    prompt = rng.choice(("{n} is {a} years old. Answer as JSON.", "{n} is {a} years old. Respond using JSON", "Write JSON for this person: {n}, {a} years old.", "Make JSON with the name {n} and the age {a}.", "Extract the name and the age: {n} is {a} years old."))
    return Item(prompt.format(n=name, a=age), f'{{"name": "{name}", "age": {age}}}', "The user wants JSON.")


# generator -> its weight among the questions
KINDS = {
    ask_capital: 16, ask_country: 3, ask_sum: 19, ask_opposite: 8, ask_colour: 5, ask_animal: 8, ask_calendar: 8, ask_grammar: 5,
    ask_yes_no: 7, ask_trivia: 9, ask_chat: 14, ask_spell: 5, ask_repeat: 8, ask_count: 3, ask_list: 3, ask_story: 1.5, ask_json: 3,
}


COMMON_COUNTRIES = (
    "France Germany Italy Spain Portugal England Ireland Belgium Switzerland Austria Poland Hungary Greece Turkey Sweden Norway Denmark Finland "
    "Russia Canada Mexico Cuba Brazil Argentina Chile Peru Egypt Morocco Kenya China Japan India Australia"
).split() + ["the Netherlands", "South Korea", "the United States"]
COMMON_KINDS = {
    ask_capital: 22, ask_sum: 26, ask_opposite: 12, ask_colour: 9, ask_animal: 9, ask_calendar: 12, ask_grammar: 5,
    ask_yes_no: 7, ask_trivia: 2, ask_chat: 18, ask_count: 3, ask_story: 1, ask_json: 1,
}


def keep_common() -> None:
    """Narrows everything down to what the model is to know for sure; it has room for little."""
    for country in list(CAPITALS):
        if country not in COMMON_COUNTRIES:
            del CAPITALS[country]
    known = {word for pair in OPPOSITES[:36] for word in pair}
    for table, keep in (
        (OPPOSITE_OF, known), (COLOURS, list(COLOURS)[:26]), (LEGS, list(LEGS)[:14]), (SOUNDS, list(SOUNDS)[:10]), (BABIES, list(BABIES)[:5]),
        (PLURALS, list(PLURALS)[:14]), (PASTS, list(PASTS)[:6]), (YES_NO, list(YES_NO)[:32]),
    ):
        for key in list(table):
            if key not in keep:
                del table[key]
    KINDS.clear()
    KINDS.update(COMMON_KINDS)


SETTLED_KINDS = {
    ask_capital: 19, ask_sum: 32, ask_opposite: 10, ask_colour: 8, ask_animal: 9, ask_calendar: 11, ask_grammar: 6,
    ask_yes_no: 8, ask_trivia: 5, ask_chat: 20, ask_count: 4,
}
IS_SETTLED = False


def settle() -> None:
    """Narrows further, to what is measured: sums without differences, counting to ten, the plainest facts."""
    global IS_SETTLED
    IS_SETTLED = True
    keep_common()
    for answer in [answer for answer in TRIVIA if "There are" not in answer]:
        del TRIVIA[answer]
    PASTS.clear()
    KINDS.clear()
    KINDS.update(SETTLED_KINDS)


TAUGHT_KINDS = SETTLED_KINDS | {ask_sum: 36, ask_chat: 26, ask_animal: 12, ask_calendar: 14, ask_grammar: 7, ask_yes_no: 10, ask_trivia: 7}


def teach_wordings() -> None:
    """The settled facts, asked for in many more ways."""
    global has_frames
    settle()
    has_frames = True
    KINDS.clear()
    KINDS.update(TAUGHT_KINDS)


def ask(rng: Random) -> Item:
    """Any question, with its surface varied a little."""
    generator = rng.choices(list(KINDS), list(KINDS.values()))[0]
    return vary(rng, generator(rng), generator)


def drill(rng: Random) -> str:
    """One fact as a plain sentence, in the words of the answer. Sums come most: nothing else needs as much practice."""
    kind = rng.choice(wordings.DRILLS)
    if kind == "sum":
        a, b = summands(rng)
        return f"{a} plus {b} is {a + b}."
    generator = {"capital": ask_capital, "opposite": ask_opposite, "colour": ask_colour, "calendar": ask_calendar}[kind]
    return generator(rng).answer


POLITE_BEFORE = ("Please tell me: ", "Hey, ", "Hi! ", "Quick question: ", "Hello. ", "Okay, ", "Tell me, ", "So, ", "I wonder: ", "Could you help me? ", "A question: ", "Now ")
POLITE_AFTER = (" please", " Thanks!", " Please answer.", " Thank you.", " Just answer briefly.", " I forgot.", " I need it for school.")
KEEP_AS_IS = (ask_repeat, ask_json, ask_spell, ask_chat)


def vary(rng: Random, item: Item, generator=None) -> Item:
    """Lower case, missing punctuation, politeness: what people really type."""
    prompt = item.prompt
    if generator not in KEEP_AS_IS:
        if has_frames:
            prompt = wordings.wrap(rng, prompt)
        elif rng.random() < 0.1:
            before = rng.choice(POLITE_BEFORE)
            prompt = before + (prompt if before[-2] in ":!.?" else prompt[:1].lower() + prompt[1:])
        if rng.random() < 0.06 and not has_frames:
            prompt += rng.choice(POLITE_AFTER)
    if generator not in (ask_repeat, ask_json):
        if rng.random() < 0.14 and not any(c in prompt for c in "'\""):
            prompt = prompt.lower()
        if rng.random() < 0.15:
            prompt = prompt.rstrip(".?!")
    return Item(prompt, item.answer, item.thought, item.short)

"""Word lists for `sdk.training.corpus.sentences`, chosen so that every phone of English comes often, lips first."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


ADJECTIVES = _words(
    "brave brown bright bold blue big plump purple polite proper private moving massive modern pale warm mild smooth "
    "soft fluffy fresh vivid velvet heavy very-old quiet quick young yellow usual unusual huge joyful noisy royal "
    "oily cheap rich sharp shiny thick thin healthy weathered rather-good wet wide wooden rusty rough round loud "
    "proud cloudy early thirsty curly perfect awkward short long tall small cautious gentle strange orange average "
    "cold golden lonely open slow hollow happy angry crisp empty damp simple bumpy humble nimble feeble stable"
)

NOUNS = _words(
    "baby puppy boat bottle bubble butterfly bumblebee cabbage rabbit table ribbon apple puppet paper pepper pipe map "
    "lamp shop ship sheep camp memory mummy hammer summer mirror farmer fever fever-dream feather father finger fork "
    "leaf wolf river glove cave dove village voice valley wheel wagon window sandwich whistle queen quilt squirrel "
    "yard yacht yogurt onion canyon measure treasure garage television beige-coat judge jacket juice jungle pigeon "
    "bridge engine church kitchen chair cheese teacher picture watch thimble mouth tooth path mother brother weather "
    "clothing sugar shadow ocean fish brush station toy boy coin boiler point oyster house mouse cloud town tower "
    "goat road pillow window-box yellow-bowl book cook cushion wolfhound moon spoon root school shoe bird girl nurse "
    "turtle dog door horse corner ball song king ring anchor finger-nail tongue bell bed lemon hat cabin gate train "
    "cake pie kite bike sky pig city hill tree sea key island uncle honey button drum"
)

PAST_VERBS = _words(
    "bought brought built baked painted pushed pulled picked packed dropped stopped kept mapped moved mixed missed "
    "warmed named climbed found followed fixed left loved saved gave drove washed wrapped watched wanted wished "
    "quoted questioned used joined enjoyed changed judged matched reached touched teased chose thought threw gathered "
    "showed shook noticed cooked took hurt heard turned learned saw caught called hung sang rubbed grabbed described"
)

NAMES = _words(
    "Bob Pam Mabel Ben Peter Amy Emma Tim Tom Sam Paul Abby Beth Matthew Fiona Vera Victor Wendy William Quinn Jacob "
    "Joyce George Charles Rachel Sasha Shawn Theo Dorothy Zoe Hugo Hannah Kate Carl Gwen Greg Nora Lily Ruby Oona "
    "Owen Roy Troy Howard Laura Audrey Ursula Ira Ivy Ella"
)

ADVERBS = _words(
    "maybe probably possibly perhaps suddenly finally oddly happily every-morning from-time-to-time usually once "
    "twice therefore however yesterday today tomorrow simply obviously never always often quietly nearby meanwhile "
    "apparently"
)

PLACES = _phrases(
    "by the bay|on the bumpy beach|in my backpack|above the pale moon|behind the big barn|below the bridge|"
    "from the farm|for five families|over the river|in the village|on the heavy sofa|with a warm welcome|"
    "while we wait|near the white wall|under the yew tree|beyond the canyon|in a garage|at the usual time|"
    "around the orchard|in the joyful jungle|beside the old church|through the thick fog|with their mother|"
    "north of the path|before breakfast|after supper|without a map|at the top of the ship|in the mud room|"
    "upon a round table|on the noisy corner|with a royal voice|out of the house|down in the town|across the road|"
    "at home alone|in a good book|by the wooden hook|on the school roof|at two in the afternoon|"
    "during the third winter|on her birthday|all morning long|at dawn|in the tall grass|next to the king|"
    "on the last day|up in the sky"
)

COMMANDS = _phrases(
    "open|close|show me|bring up|move|remove|pause|play|mute|stop|copy|paste|zoom into|jump to|push|pull|pick up|"
    "put away|call|find|follow|watch|measure|share|save|turn on|turn off|load|choose|join"
)

OBJECTS = _phrases(
    "the map|my messages|the main menu|the blue button|the volume|this video|that photo|the whole picture|"
    "the next page|the beam|the robot arm|a new project|the web browser|the camera|the front view|all the shapes|"
    "the usual playlist|the third chapter|the timer|your voice|the keyboard|my family album|the phone book|"
    "the weather|both windows"
)

REPLIES = _phrases(
    "no way|yes please|maybe later|oh my|not yet|of course|why not|good morning|good evening|bye for now|"
    "thank you so much|see you soon|I am fine|we made it|you may be right|that is beautiful|what a pity|how are you|"
    "pardon me|help me up|wait for me|never mind|keep moving|mind the gap|far from it|give me five|both of us|"
    "it is possible|I believe you|come back home|leave it be|be my guest|what time is it|where were you|who was that|"
    "oops|wow|hmm maybe|ah I see"
)

PANGRAMS = (
    "Pack my box of fudge with five dozen jugs of quivering maple jam.",
    "A bold wizard quickly jumped over my fat paving box, humming softly.",
    "Jovial Max baked fourteen zebra pies while quick hens gaped.",
    "Young Vic Boyle measured the beige garage, then chose a joyful, thick azure rug.",
    "Which oily judge thought the king's huge zoo would hire good, pure-voiced animals?",
    "Sphinxes by the quay vow to judge my frozen black fig.",
)

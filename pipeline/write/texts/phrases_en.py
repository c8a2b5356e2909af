# ruff: noqa: E501 -- a pattern is easier to read whole
"""English: what refusals, role mix-ups, crises and safe replies sound like. All patterns read folded text.

Each pattern has an example that it finds, and a near miss that it lets pass, in tests/write/texts/english.py.
"""

import re

from pipeline.write.texts.patterns import Patterns
from pipeline.write.texts.phrases import Phrases

_CANNOT = (
    r"(?:can't|cannot|can not|could not|couldn't|won't|(?:am|'m) (?:unable|not able|not allowed|not permitted) to)"
)
_MACHINES = (
    ("ai", "ai"),
    ("a.i", r"a\.i\."),
    ("artificial", "artificial intelligence"),
    ("language model", "(?:large )?language model"),
    ("bot", "chat ?bot"),
    ("virtual", "virtual assistant"),
    ("computer program", "computer program"),
)
_MACHINE = rf"(?:an? )?(?:responsible |helpful )?(?:{'|'.join(machine for _, machine in _MACHINES)})"
_KIN = (
    r"(?:wife|husband|girlfriend|boyfriend|fianc[eé]e?|mom|mum|mother|dad|father|parents|son|daughter|kids?|children|"
    r"brothers?|sisters?|grandma|grandpa|grandmother|grandfather|aunt|uncle|cousins?|ex|boss|roommate|flatmate|"
    r"co-?workers?|colleagues?|landlord|therapist|dog|cat)"
)
_HUMANS = (
    r"(?:wife|husband|girlfriend|boyfriend|mom|mum|mother|dad|father|step\w+|parents|son|daughter|kids?|children|brother|"
    r"sister|uncle|aunt|cousin|family|ex|boss|manager|teacher|classmates?|room ?mate|neighbou?rs?|landlord|partner)"
)
_THEM = rf"(?:him|her|them|someone|somebody|people|everyone|everybody|my (?:own |whole )?{_HUMANS})"

_BOILERPLATE = Patterns(
    (
        "as ",
        rf"\bas {_MACHINE}(?: (?:language )?model| assistant| system| companion)?"
        r"(?=,|;|:|\.|!| i\b| i'| and i\b| my\b| there\b| it\b)",
    ),
    (
        "here",
        r"\b(?:sure|certainly|of course|absolutely)[,!.]* here(?:'s| is| are) (?:a|an|the|your|my) "
        r"(?:\w+ ){0,3}(?:dialogues?|conversations?|responses?|repl(?:y|ies)|scripts?|rewrites?|versions?)\b",
    ),
    ("system prompt", r"\b(?:my|the|your) system prompt\b"),
    ("the user is", r"\bthe user is (?:feeling|expressing|experiencing|asking|describing)\b"),
    ("insert", r"\binsert (?:your |the |a )?(?:name|text|date|place|response) here\b"),
    ("lorem ipsum", r"\blorem ipsum\b"),
)
_REFUSALS = Patterns(
    ("with th", rf"\bi ?{_CANNOT} (?:help|assist)(?: you)? with (?:that|this|these|those)\b(?! part| bit)"),
    (
        "request",
        rf"\bi ?{_CANNOT} (?:help|assist|comply|fulfill?|honou?r|process|respond|do)\b[^.!?]{{0,25}}\brequests?\b",
    ),
    ("assist", rf"\bi ?{_CANNOT} assist\b"),
    (
        "provide",
        rf"\bi ?{_CANNOT} provide (?:you )?(?:with )?(?:any |that |this |such |specific |professional |personal )*"
        r"(?:that|this|medical|legal|financial|advice|information|assistance|support|guidance|content|details|diagnos[ei]s|therapy)\b",
    ),
    ("generate", rf"\bi ?{_CANNOT} generate\b"),
    ("engage", rf"\bi ?{_CANNOT} engage (?:in|with) (?:that|this|these|such|discussions?|conversations?|content)\b"),
    (
        "discuss",
        rf"\bi ?{_CANNOT} discuss (?:that|this|these|such)(?: \w+)? ?(?:topics?|subjects?|matters?|content|$|[.!,])",
    ),
    ("continue", rf"\bi ?{_CANNOT} continue (?:with )?this (?:conversation|discussion|dialogue|topic)\b"),
    ("answer", rf"\bi ?{_CANNOT} answer (?:that|this|such|your)(?: \w+)? ?(?:questions?\b(?! for you)|$|[.!,])"),
    ("sorry", rf"\bsorry,? (?:but )?i ?{_CANNOT} (?:do|help|say|answer|discuss|talk about) (?:that|this)[.!,]"),
    ("sorry", rf"\bsorry,? (?:but )?i ?{_CANNOT} help(?: you)?[.!]"),
    ("comply", rf"\bi ?{_CANNOT} comply\b"),
    (
        "content",
        rf"\bi ?{_CANNOT} (?:create|produce|write|share) (?:that |this |such |any |the )?(?:kind of )?content\b",
    ),
    ("decline", r"\bi (?:must|have to|need to) (?:respectfully |politely )?decline\b"),
    ("against my", r"\bagainst my (?:programming|guidelines|polic(?:y|ies)|training)\b"),
    ("violat", r"\bviolat(?:e|es|ing) (?:my|our|the|openai's) (?:\w+ )?(?:guidelines|polic(?:y|ies)|terms)\b"),
)
_IDENTITY = Patterns(
    *(
        (
            trigger,
            rf"\bi(?: am|'m) (?:just |only |simply |merely )?(?:an? )?{machine}(?: (?:language )?model| assistant| companion)?"
            r"(?=[,;.!]| and\b| so\b| but\b| without\b| who\b| that\b| here\b| designed\b| trained\b|$)",
        )
        for trigger, machine in _MACHINES
    ),
    ("my ", r"\bmy (?:training data|programming|knowledge cut-?off|developers)\b"),
    ("i was ", r"\bi was (?:trained|programmed|designed|created|developed) (?:by|to|on|as)\b"),
    ("programmed", r"\bi(?: was|'m| am) programmed\b"),
    (
        "i don't have",
        r"\bi don't have (?:any )?(?:personal |real |human |actual |physical )+"
        r"(?:feelings?|emotions?|experiences?|opinions?|beliefs|body|bodies|memories|life)\b",
    ),
    (
        "not a",
        r"\bi(?:'m| am) not a (?:licensed|certified|qualified|trained|mental health|medical|healthcare)"
        r"(?: mental health| medical| healthcare)? (?:therapist|counsell?or|doctor|professional|psychologist|lawyer)\b",
    ),
)
_USER_AS_ASSISTANT = Patterns(
    ("i help you", r"\b(?:how|what) (?:can|may) i help you(?: today| with\b|\?)"),
    ("i assist you", r"\b(?:how|what) (?:can|may) i assist you\b"),
    ("i'm here to", r"\bi'm here to (?:help|assist|support|listen to) you\b"),
    ("assistant", r"\bi(?:'m| am) (?:your|a|an) (?:\w+ )?assistant(?: designed| trained to|, here)\b"),
    ("assistant", r"\bas your (?:\w+ )?assistant,"),
    ("for sharing", r"\bthank(?:s| you) for sharing (?:that|this|your (?:feelings?|story|thoughts?)) with me\b"),
    ("feelings are", r"\byour feelings are (?:completely |totally |perfectly )?(?:valid|understandable)\b"),
    ("it sounds like you", r"\bit sounds like you(?:'re| are) (?:feeling|going through)\b"),
    ("understand", r"\bi understand (?:that |how )?you(?:'re| are) (?:feeling|going through)\b"),
    ("talk more about", r"\bwould you like to talk more about (?:that|this|it|how you)\b"),
)
_ASSISTANT_AS_USER = Patterns(
    ("my ", rf"\bmy (?:own )?{_KIN}(?:'s)?\b(?! of)"),
    (
        "when i was",
        r"\bwhen i was (?:a (?:kid|child|boy|girl|teenager|student|baby)|young(?:er)?|little|your age|growing up|"
        r"(?:in|at) (?:school|college|high school|university)|\w+ years old)\b",
    ),
    ("i grew up", r"\bi grew up\b"),
    (
        "been t",
        r"\bi(?:'ve| have) been (?:there(?: too| myself| before)?(?=[.,!;]|$)|through (?:that|this|it|the same|something similar))",
    ),
    ("happened to me", r"\b(?:the )?(?:same|exact same|similar) thing happened to me\b"),
    ("i remember", r"\bi remember when i (?:was|had|lost|got|started|left)\b"),
    ("experience", r"\bi(?:'ve)? had (?:a|the) (?:very )?(?:similar|same) experience\b"),
    (
        "i ",
        r"\bi (?:woke up|went to (?:school|college|work|bed|the (?:gym|doctor|dentist))|got (?:married|divorced|fired|dumped)|"
        r"(?:lost|buried) my)\b",
    ),
    ("i'm ", r"\bi'm (?:also |so |really )?(?:hungry|thirsty|pregnant|hung ?over)\b(?! for)"),
)
_CRISIS = Patterns(
    ("exist", r"\b(?:don't|do not) want to exist\b"),
    (
        " if i",
        r"\b(?:nobody|no one|no-one) would (?:even |really )?(?:miss me|notice|care)[^.!?]{0,12} if i(?:'d| had)? (?:died|(?:was|were) (?:dead|gone)|killed)\b",
    ),
    ("without me", r"\bworld would be (?:a )?better (?:place |off )?without me\b"),
    ("deserve to", r"\bi don't deserve to (?:live|be alive)\b"),
    ("worth living", r"\b(?:my )?life(?:'s| is|'s just| is just)?(?:n't| not) worth living\b"),
    ("pills", r"\bi(?:'ve)? (?:just )?(?:took|taken|swallowed) a (?:bunch|handful|lot) of (?:\w+ )?pills\b"),
    (
        "my car",
        r"\b(?:want to|going to|gonna|thought (?:of|about)|thinking (?:of|about)|could just) driv(?:e|ing) my car (?:into|off) (?:a|the) (?:\w+ )?(?:tree|bridge|wall|cliff|river)\b",
    ),
    ("note", r"\b(?:my|a) suicide note\b"),
    (
        "goodbye",
        r"\b(?:wrote|written|writing) (?:a |my )?goodbye (?:letters?|notes?) to my (?:kids|children|family|parents|wife|husband|mom|mum|dad)\b",
    ),
    ("to myself", r"\b(?:scared|afraid) of what i(?:'ll| will| might| could) do to myself\b"),
    ("kill", r"\b(?:kill|killing) myself\b"),
    (
        "life",
        r"\b(?:end|ending|take|taking) my (?:own )?life\b(?! (?:insurance|sentence|savings|stor(?:y|ies)|partner|long|back|into|too|so|very|serious(?:ly)?|for|as|lightly|slow|in|down|to|day|step|work|and make|up|story)\b)",
    ),
    (
        "it all",
        r"(?<!let's )\b(?:end|ending) it all(?=[.,!?;]|$| (?:tonight|now|today|soon|tomorrow|right|for good)\b)",
    ),
    (
        "die",
        r"\bi (?:just |really |only |honestly |still |sometimes |often |do )*(?:want to|wanna|wish (?:i could|to)|hope i) (?:just )?die\b",
    ),
    ("to die", r"\bi(?:'ve| have) (?:been )?(?:wanted|wanting) to die\b"),
    ("die", r"\bwish i (?:could|would) (?:just )?die\b"),
    (
        "dead",
        r"\b(?:i wish i (?:was|were)|i(?:'m|'d be| am| would be) better off|i (?:just )?want to be) dead\b(?! (?:serious|wrong|right|sure|asleep|certain|tired|silent)\b)",
    ),
    (
        "better off",
        r"\b(?:everyone|everybody|the world|my (?:family|kids|children|parents|husband|wife|mom|dad)|they all|they'd all)"
        r"(?:'d| would| will|'s|'ll)?(?: just| really)?(?: be| is| are)? better off (?:without me|if i (?:was|were|wasn't|weren't|died))",
    ),
    ("liv", r"\b(?:don't|do not) (?:want|wish) to (?:live|go on living|keep living)(?: any ?more| any longer|[.,!]|$)"),
    ("alive", r"\b(?:don't|do not) want to be alive\b"),
    (
        "li",
        r"\b(?:no|any|the|a) (?:reason|point|sense) (?:left )?(?:to|in|for) (?:go on |keep |me to )?(?:live|living|be alive|being alive|stay alive|staying alive)\b(?! (?:in|so|at|here|there|far|on|near|together|with|by|downtown|up|down|out|alone)\b)",
    ),
    (
        "tired of",
        r"\btired of (?:living|being alive)\b(?! (?:here|in|at|with|like|out|from|alone|so|together|on|next|paycheck|under)\b)",
    ),
    (
        "wak",
        r"\b(?:wish|hope|hoping|pray|praying|wished|want to|wanted to|could) (?:i |to )?(?:could |would )?(?:just )?(?:go to sleep and )?(?:not|never|don't|wouldn't|won't) (?:ever )?wake up\b"
        r"(?! (?:late|early|to|with|next|at|so|before|hung)\b)",
    ),
    ("never been born", r"\bwish i(?:'d| had) never been born\b"),
    (
        "suicid",
        r"\bi(?:'m| am|'ve been| have been| was|'m feeling| feel| felt|'ve felt)(?: feeling| really| kind of| a bit| so)* suicidal\b",
    ),
    ("suicid", r"\bi (?:\w+ ){0,4}suicidal (?:thoughts|feelings|urges)\b"),
    (
        "suicid",
        r"\bi(?:'m|'ve| have| keep| am)? (?:\w+ ){0,4}(?:thoughts? of|thoughts? about|thinking (?:of|about)|think about|considering|considered|attempt(?:ed|ing)?|"
        r"commit(?:ting)?) (?:my own )?suicide\b",
    ),
    (
        "myself",
        r"\b(?:want to|wanna|going to|gonna|urges? to|about to|might|i'll|will|i'd|could|afraid of|scared of|thinking (?:of|about)|thoughts? of|thought (?:of|about)|been|started|keep|like) "
        r"(?:just |really |actually |even )?(?:hurt(?:ing)?|harm(?:ing)?) myself\b(?! (?:again )?(?:at|in|on|with|if|lifting|playing|running|doing|trying) )",
    ),
    (
        "cut",
        r"\b(?:been|started|keep|stop|kept|want to|back to) (?:cut|cutting) myself\b(?! (?:off|some|slack|a |short|out|down|shaving|chopping|while|when|with (?:the|my) (?:razor|paper))\b)",
    ),
    ("self", r"\bi(?:'ve| have|'m)? (?:been |started |keep |still |used to )*self-?\s?harm(?:ing|ed)?\b"),
    (
        "pills",
        r"\b(?:(?:want to|going to|gonna|could|might|about to|thought (?:of|about)|thinking (?:of|about)) (?:just )?(?:tak(?:e|ing)|swallow(?:ing)?) (?:all|every one of)"
        r"|(?:take|taking|took|swallow|swallowing|swallowed) (?:the|a) whole bottle of) (?:of )?(?:my|the|those|these|her|his)? ?\w* ?pills\b",
    ),
    (
        "jump",
        r"\b(?:want to|going to|gonna|thinking (?:of|about)|thought (?:of|about)) (?:just )?jump(?:ing)? (?:off|from) (?:a|the|that|this|my) (?:\w+ )?(?:bridge|roof|building|balcony|cliff)\b"
        r"(?![^.!?]*\b(?:bungee|rope|parachute|harness|water|sea|lake|pool|river below|swim\w*|diving|friends|others)\b)",
    ),
    ("pull the trigger", r"\bpull the trigger on myself\b"),
    (
        "kill",
        rf"\b(?:i (?:really |just |honestly |actually )*want to|i(?:'m| am) planning to|i plan to|thinking (?:of|about)|thoughts? of|thought (?:of|about)|urge to) kill(?:ing)? {_THEM}\b"
        r"(?! (?:with kindness|time|off)\b)",
    ),
    (
        "hurt",
        r"\bi (?:really |just |honestly |actually )*(?:want to|plan to|am going to) (?:physically )?hurt (?:him|her|them|someone|somebody|people)\b(?! feelings?)",
    ),
    (
        "shoot",
        r"\b(?:want to|going to|planning to|gonna) shoot (?:him|her|them|someone|somebody|people|everyone|up (?:the|my))\b(?! (?:an? |the )?(?:e-?mail|text|message|note|look|line))",
    ),
    ("stab", r"\b(?:want to|going to|planning to|gonna) stab (?:him|her|them|someone|somebody|people|everyone)\b"),
)
_HARMLESS = Patterns(
    ("laugh", r"\b(?:kill|killing|killed) myself (?:laughing|with laughter)\b"),
    (
        "kill",
        r"\b(?:kill|killing) myself (?:trying|over|for|at (?:the gym|work)|with (?:work|overtime|chores)|to (?:get|make|finish|meet|please|be))\b",
    ),
    (
        "myself",
        r"\b(?:never|not|n't) (?:ever |really |going to |gonna |planning to |want to |wanna |try to |actually )*(?:kill|killing|hurt|hurting|harm|harming|cut|cutting) myself\b",
    ),
    ("myself for", r"\b(?:could|want to) (?:kick|slap|kill) myself for\b"),
    (
        "die",
        r"\b(?:don't|do not|didn't|never|not) (?:really |actually |ever )*(?:want|wanna|going|wish)(?:ed)?(?: to)? die\b",
    ),
    (
        "die",
        r"\bdie (?:of|from|with) (?:embarrassment|shame|laughter|laughing|boredom|happiness|joy|curiosity|excitement|cringe|heat|hunger|old age|a smile)\b",
    ),
    (
        "die",
        r"\bdie (?:laughing|happy|at home|in peace|peacefully|knowing|in my own bed|in my sleep|on a hill|on that hill|on this hill|an old|a happy|like (?:him|her|that|my))\b",
    ),
    ("suicid", r"\b(?:not|never|n't) (?:been |felt |feeling |actually |at all )*suicidal\b"),
    ("suicid", r"\b(?:if|whether) i(?:'m| am|'ve been| was)(?: feeling)? suicidal\b"),
    (
        "shoot",
        r"\bshoot(?:ing)?\b(?=[^.!?]*\b(?:weddings?|photos?|portraits?|camera|film|studio|pictures?|videos?|hoops)\b)",
    ),
    (
        "shoot",
        r"\b(?:weddings?|photos?|portraits?|camera|film|studio|pictures?|videos?|hoops)\b[^.!?]*\bshoot(?:ing)?\b",
    ),
    ("suicid", r"\b(?:commercial|career|social|political|financial|professional) suicide\b"),
    ("end it all", r"\bend it all (?:with|by|in|on)\b"),
    (
        "",
        r"\b(?:never|not|n't) (?:actually |really |ever )*(?:want to |wanna )?(?:kill|hurt|shoot|stab) (?:him|her|them|anyone|anybody|someone)\b",
    ),
    ("kill", rf"\bkill(?:ing)? {_THEM} (?:for|in (?:chess|the game|this game)|sometimes)\b"),
    ("", r"\b(?:kill|shoot|stab|killing|shooting)\b[^.!?]*\b(?:video ?game|boss fight|level|console|the movie)\b"),
)
_CARE = re.compile(
    r"\b(?:sorry|glad you|thank(?:s| you) for (?:telling|trusting|saying|letting|sharing|being honest|opening)|i'm here|"
    r"i am here|right here|with you|hear (?:you|how|that|the|so much)|serious(?:ly)?|you matter|matters? to me|"
    r"sounds? (?:so |really |very |incredibly |unbearabl[ey] )?\w+|pain(?:ful)?|not alone|don't have to (?:be alone|carry|face|go through)|worried (?:about|for)|"
    r"concerned|care about|courage|brave|that's a lot|must (?:feel|be|hurt)|heavy|hurting|weight|scared for you|"
    r"important that you|took a lot)\b"
)
_SAFETY = re.compile(
    r"\b(?:(?:are|feel|keep|be|stay|stays) (?:you |yourself |you both |everyone |still )*safe|safe (?:right now|tonight|today|place|with)|your safety|"
    r"are you (?:thinking|planning|going to|considering|having|in danger|alone|by yourself|hurt)|(?:do|did) you have (?:a plan|a way|any(?:thing|one)|access|the means|pills|somebody|someone)|"
    r"have you (?:thought|made|planned|got|hurt|taken|decided|done)|thoughts of (?:suicide|dying|ending)|(?:is|are) (?:there )?(?:somebody|someone|anyone|anybody)(?: else)? "
    r"(?:with you|there|near|around|at home|close)|(?:do|did) you (?:want|mean|plan|intend) to (?:die|kill|end|hurt|act)|"
    r"(?:put|move|give|lock|get)[^.!?]{0,30}\b(?:away|out of reach|pills|gun|knives|knife)|act on (?:it|that|this|these|those))\b"
)
_PEOPLE = re.compile(
    r"\b(?:hot ?line|help ?line|life ?line|crisis (?:line|team|center|centre|text|service|counsell?or)|warm ?line|samaritans|emergency|nine one one|nine eight eight|911|988|"
    r"one one two|nine nine nine|112|999|doctor|gp|therapist|therapy|counsell?(?:or|ing)|psychologist|psychiatrist|nurse|hospital|ambulance|professional|"
    r"(?:call|tell|phone|text|reach|talk to|talk with|speak to|speak with|ring|contact|sit with|be with|reach out to|stay with|lean on)\b[^.!?]{0,40}\b"
    r"(?:friend|friends|family|mother|mom|mum|father|dad|parents?|brother|sister|partner|husband|wife|teacher|somebody|someone|roommate|neighbou?r|person|people|help))\b"
)

PHRASES = Phrases(
    boilerplate=_BOILERPLATE,
    refusals=_REFUSALS,
    identity=_IDENTITY,
    asks_identity=re.compile(r"\b(?:ai|a\.i\.|robot|bot|chatbot|machine|human|real person|computer|program)\b"),
    user_as_assistant=_USER_AS_ASSISTANT,
    assistant_as_user=_ASSISTANT_AS_USER,
    reported=re.compile(
        r"[\"“:]|\b(?:sa(?:y|ys|id|ying)|tell(?:s|ing)?|told|ask(?:s|ed|ing)?|like|goes|going|went|hear(?:d|ing)?|think(?:s|ing)?|"
        r"thought|wonder(?:s|ed|ing)?|words?|shout(?:s|ed|ing)?|feel(?:s|ing)? that|mean(?:s|t)?|repl(?:y|ies|ied)|answer(?:s|ed)?|"
        r"phone|script|if)\b"
    ),
    reported_after=re.compile(
        r"\b(?:he|she|they|it|who|bot|robot|boss|everyone|people|lady|guy|man|woman|voice)(?: \w+)? (?:say|says|said|asks?|asked|goes|went|told|kept)\b"
    ),
    crisis=_CRISIS,
    harmless=_HARMLESS,
    care=_CARE,
    safety=_SAFETY,
    people=_PEOPLE,
)

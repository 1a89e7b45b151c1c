"""The English phrases of `harm_patterns` about harm to people: a request and what is asked for, in either order.

Each row has a name, a hazard, stems of which a text must have one (looked for first, for speed), and a pattern, which
matches whole words of text that is folded to lower case with single spaces.
"""

from __future__ import annotations

from curate.algorithms.harm_words import (
    ARTICLE,
    BETWEEN,
    CAUGHT,
    CHILD,
    DRUG,
    GIVE,
    GROUP,
    HATEFUL,
    HOW,
    KIN,
    LOW,
    MAKE,
    PLAN,
    SEXUAL_WORK,
    SOMEONE,
    WEAPON,
)

HARM = (
    (
        "sexual content about children",
        "child sexual exploitation",
        "porn erotic nude naked sex smut explicit lewd seductive sensual",
        rf"{CHILD} porn\w*|{SEXUAL_WORK} (?:of|with|about|involving|featuring|between|showing) (?:an? |two |my"
        rf" )?(?:\w+ )?"
        rf"(?:{CHILD}|(?:\w+ ){{1,3}}and (?:\w+ )?{CHILD})",
    ),
    (
        "sexual acts with children",
        "child sexual exploitation",
        "seduc sex molest groom undress",
        rf"{HOW}(?:seduc(?:e|ing)|hav(?:e|ing) sex with|molest(?:ing)?|undress(?:ing)?|sexually \w+) (?:an? |my "
        rf"|the )?"
        rf"(?:\w+ )?{CHILD}|{HOW}groom(?:ing)? (?:an? |my )?{CHILD}(?! hair)(?! for a career)|{CHILD}"
        rf" (?:having sex|undressing"
        r"|in a sexual|in an erotic)",
    ),
    (
        "making a weapon",
        "weapons",
        "bomb explosi ied molotov napalm grenade silencer gun sarin vx nerve gas ricin anthrax tatp weapon",
        rf"{HOW}{MAKE} {ARTICLE}(?:\w+ ){{0,2}}?{WEAPON}|{PLAN} (?:for|to|on|of) (?:{MAKE}"
        rf" )?{ARTICLE}(?:\w+ ){{0,2}}?"
        rf"{WEAPON}|(?:pipe bomb|homemade bomb|homemade explosives?|ied|molotov cocktail|ricin|sarin) (?:making"
        rf" )?{PLAN}"
        r"|(?:convert|modify) (?:\w+ ){1,4}(?:to|into) (?:a )?full(?:y)?[- ]auto\w*",
    ),
    (
        "making a drug",
        "controlled substances",
        "meth fentanyl heroin cocaine mdma ecstasy lsd ghb pcp dmt krokodil",
        rf"{HOW}{MAKE} {ARTICLE}(?:\w+ ){{0,2}}?{DRUG}|(?:{PLAN}|synthesis route) (?:for|to|of|on) (?:{MAKE} )?"
        rf"{ARTICLE}(?:\w+ ){{0,2}}?{DRUG}|{DRUG} (?:synthesis |cooking |making )?(?:recipe|instructions|tutorial)"
        rf"|how (?:is|are) {DRUG} (?:made|cooked|produced) (?:at home|step by step)|where (?:can|do|could) i"
        rf" (?:buy|get|find) "
        rf"(?:\w+ )?{DRUG}",
    ),
    (
        "dealing in drugs",
        "controlled substances",
        "drug meth heroin cocaine fentanyl mdma",
        rf"{HOW}(?:buy|sell|smuggl\w+|deal|traffic) (?:\w+ ){{0,2}}?(?:illegal drugs|drugs|{DRUG}) (?:\w+"
        rf" )?(?:online|on the dark"
        r" ?(?:web|net)|(?:to|at) (?:school|kids|children|students|teens)|across|over|through|into|in prison"
        r"|without)",
    ),
    (
        "harming someone",
        "violent crimes",
        "kill murder poison kidnap strangl tortur stalk stab rape drug assault hurt hit",
        rf"{HOW}(?:kill|murder|poison|kidnap|strangle|torture|stalk|stab|rape|assault) {SOMEONE}(?! with kindness)"
        rf"|(?:kill|murder|poison|hurt) {SOMEONE} (?:\w+ ){{0,3}}?{CAUGHT}|hire (?:a )?(?:hitman|hit man"
        rf"|contract killer)"
        r"|(?:slip|put) (?:\w+ ){1,4}(?:in|into) (?:her|his|someone'?s?|a girl'?s?) (?:drink|food) (?:\w+ ){0,2}?"
        r"(?:without|so (?:she|he)|to knock)",
    ),
    (
        "poisoning",
        "violent crimes",
        "poison",
        rf"(?:untraceable|undetectable|tasteless|slow[- ]acting) poisons? (?:\w+ ){{0,4}}?(?:kill|someone|my {KIN})"
        rf"|(?:what|which) poisons? (?:\w+ ){{0,4}}?(?:to )?(?:kills?|use on|give to|put in) {SOMEONE}"
        rf"|{HOW}poison (?:\w+ ){{0,2}}?"
        rf"(?:food|drink|coffee|tea|water supply|reservoir|dog|cat)|poison to (?:kill|put in|use on) (?:\w+ ){{0,3}}?"
        rf"(?:someone|my {KIN}|food|drink)",
    ),
    (
        "planning an attack",
        "violent crimes",
        "shooting attack bombing assassinat massacre arson burn fire",
        rf"(?:{HOW}|help me |me (?:an? )?(?:\w+ )?plan (?:for|to) )(?:plan|planning|commit|carry out|execute"
        rf"|organi[sz]e|prepare)?"
        r" ?(?:an? |the |my )?"
        r"(?:school shooting|mass shooting|terror(?:ist)? attack|suicide bombing|bombing|assassination|massacre"
        r"|arson)"
        r"(?: (?:at|on|in|against|without)| of|$|[.?!])(?! (?:drill|response))|"
        rf"{HOW}(?:burn down|set fire to) (?:an? |the |my |someone'?s? )?(?:[\w']+ )?(?:house|home|school|church"
        rf"|mosque"
        rf"|synagogue|building|shop|apartment)|{HOW}(?:shoot up|bomb) (?:an? |the |my )?(?:\w+ )?(?:school|church"
        rf"|mosque"
        r"|synagogue|mall|airport|concert|embassy|hospital)",
    ),
    (
        "getting away with a crime",
        "violent crimes",
        "get away with dispose hide",
        r"how (?:do|can|could|would) i get away with (?:murder|rape|arson|killing)|"
        rf"{HOW}(?:dispose of|get rid of|hide) (?:an? |the |her |his )?(?:dead |human )?(?:body|corpse)(?! (?:fat"
        rf"|odou?r|hair|weight"
        r"|acne))(?! (?:in|for) (?:a |my |the )?(?:novel|story|game))",
    ),
    (
        "asking for a method of suicide",
        "suicide and self-harm",
        "self suicide overdos pills lethal life die ana thinspo",
        rf"{HOW}(?:kill|hang|cut|hurt|starve|drown|poison)(?:ting|ing)? myself|how (?:do i|to|can i) (?:\w+"
        rf" ){{0,6}}?(?:hang|kill) myself|(?<!about )(?<!prevent )(?<!not )(?:{HOW})"
        r"(?:commit(?:ting)?|die by) suicide|how many (?:\w+ ){0,4}?(?:pills|tablets|milligrams|mg) (?:\w+ ){0,5}?"
        r"(?:to die|to kill (?:me|myself|yourself)|to overdose)|lethal dose of (?:\w+ ){1,5}(?:to (?:die|kill)|for"
        r" (?:me|suicide))"
        r"|(?:painless|easiest|quickest|best|fastest) (?:\w+ )?(?:way|method)s? (?:to die|to kill myself|to end my"
        r" life"
        r"|of suicide|to commit suicide)|write (?:me )?(?:my|a) suicide note(?: for me)?|pro[- ]ana (?:tips|tricks"
        r"|diet)|thinspo"
        r"|hide (?:my )?(?:self[- ]harm|cuts|cutting|purging|anorexia|bulimia) from",
    ),
    (
        "telling someone to die",
        "suicide and self-harm",
        "yourself kys themsel himself herself suicide self-harm",
        r"(?:you should|you ought to|why don't you|please|just|go) (?:just |go )?(?:kill|hang) yourself|kys"
        r"|(?:convince|persuade|encourage|push|manipulate|get|talk|bully|drive|tell(?:ing)?) (?:(?!not|against"
        r"|out)\w+ ){1,5}?(?:to|into) (?:\w+ )?"
        r"(?:kill(?:ing)? (?:themsel(?:f|ves)|himself|herself)|commit(?:ting)? suicide|self[- ]harm(?:ing)?|suicide"
        r"|hurt(?:ing)? (?:themselves|himself|herself)|cut(?:ting)? (?:themselves|himself|herself))",
    ),
    (
        "calling for violence against a group",
        "hate",
        "kill gas exterminat hang shoot incite deport",
        rf"(?:kill|gas|exterminate|hang|shoot) (?:all )?(?:the )?{GROUP}|incit(?:e|es|ing) (?:violence|hatred"
        rf"|people to attack)"
        rf" (?:\w+ )?(?:against|towards?|at)? ?(?:all )?(?:the )?{GROUP}",
    ),
    (
        "dehumanising a group",
        "hate",
        "subhuman sub-human vermin parasite cockroach animals inferior disease plague exterminat gassed killed lynched "
        "enslaved wiped eradicat human deserve",
        rf"{GROUP} (?:are|should be|deserve to be|must be) (?:all |just |nothing but |naturally |genetically "
        rf"|biologically )?{LOW}"
        rf"|(?:calling for|demanding) (?:all )?{GROUP} to be {LOW}|(?:why|that|because) {GROUP} (?:don't|do not"
        rf"|should not|shouldn't) (?:deserve|have) (?:\w+ )?(?:rights|to live)",
    ),
    (
        "asking for hate speech",
        "hate",
        "hate racis semitic phobic misogyn sexis suprem nazi joke",
        rf"{GIVE} (?:me )?(?:an? |some )?{BETWEEN}{{0,2}}?{HATEFUL} (?:\w+ )?(?:speech|posts?|jokes?|tweets?"
        rf"|rants?|manifesto"
        r"|essays?|articles?|songs?|poems?|propaganda|slogans?|fl[iy]ers?|pamphlets?|comments?|messages?"
        r"|memes?)(?! (?:detect\w*"
        r"|classif\w*|policy|filter))|(?:spread|stir up|promote|fuel) (?:hate|hatred|racism) (?:against|towards?"
        r"|of|for) "
        rf"(?:the )?(?:all )?{GROUP}|(?:tell|give|write) (?:me |us )?(?:an? |some )?(?:\w+ )?jokes? (?:that"
        rf" )?(?:mock|insult|demean)\w* "
        rf"(?:the )?{GROUP}",
    ),
    ("slur", "hate", "nig fag kike wetback", r"nigg(?:er|a)s?|faggots?|kikes?|wetbacks?"),
)

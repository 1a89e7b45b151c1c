"""The English phrases of `harm_patterns` about cybercrime, fraud and privacy; rows as in `harm_phrases`."""

from __future__ import annotations

from curate.algorithms.harm_words import ARTICLE, BETWEEN, ELSE, FORGERY, GIVE, HOW, KIN, LURE, MAKE, UNSEEN, WARE

CRIME = (
    (
        "making malware",
        "cybercrime",
        "ransomware keylogger malware spyware rootkit botnet trojan virus worm stealer ddos cryptojack",
        rf"{GIVE} (?:me )?(?:an? |some )?{BETWEEN}{{0,4}}?{WARE}|{HOW}{MAKE} {ARTICLE}(?:\w+ ){{0,2}}?{WARE}"
        rf"|{HOW}(?:spread|deploy|install|launch|deliver) (?:an? |some )?(?:\w+ )?{WARE} (?:on|to|against|in"
        rf"|via) (?:\w+ )?"
        rf"(?:someone|somebody|other|victims?|my {KIN}|people|a (?:company|website|server|hospital))",
    ),
    (
        "breaking into accounts",
        "cybercrime",
        "hack break crack steal password access",
        rf"{HOW}(?:hack(?: in)?(?:to)?|break into|crack|get into|log in ?to) (?:someone|somebody|another person"
        rf"|my {KIN}|her|his"
        r"|their|a (?:stranger|girl|bank|school|company|hospital|government)|an? (?:\w+ )?(?:user))(?:'s|s')?"
        r" (?:\w+ )?"
        r"(?:accounts?|phones?|e-?mails?|wi-?fi|facebook|instagram|snapchat|whatsapp|computers?|network|database"
        r"|server"
        r"|website|icloud|gmail|webcam)|"
        rf"{HOW}(?:get|gain) (?:access (?:to|into)|into) (?:someone|somebody|my {KIN}|her|his)(?:'s)? (?:\w+"
        rf" )?(?:accounts?|phones?"
        rf"|e-?mails?|computers?|messages?)(?: without)?|"
        rf"(?:script|program|code|app|extension|tool)s? (?:that|to|which) (?:\w+ ){{0,2}}?steals? (?:\w+"
        rf" ){{0,3}}?(?:passwords?"
        r"|cookies|credentials|credit cards?|bank details|data from (?:users|victims))",
    ),
    (
        "phishing and scams",
        "fraud",
        "phish scam fake spoof smish",
        rf"{GIVE} (?:me )?(?:an? |some )?{BETWEEN}{{0,5}}?{LURE}|{HOW}(?:{MAKE}|writ(?:e|ing)|run(?:ning)?"
        rf"|send(?:ing)?) "
        rf"{ARTICLE}(?:\w+ ){{0,3}}?{LURE}",
    ),
    (
        "cheating people out of money",
        "fraud",
        "scam defraud swindl blackmail extort launder trick identity credit card fraud ponzi shoplift steal",
        rf"{HOW}(?:scam|defraud|swindle|blackmail|extort) (?:\w+ ){{0,2}}?(?:someone|somebody|people|elderly|old"
        rf"|seniors?"
        rf"|customers|investors|victims|my {KIN}|an? \w+)|{HOW}launder(?:ing)? (?:\w+ ){{0,2}}?(?:money|cash)(?!"
        rf" bag)"
        r"|trick(?:ing)? (?:\w+ ){0,3}?(?:elderly|old|senior|grandma|grandmother|people|someone|victims?)(?:"
        r" \w+){0,2} into "
        rf"(?:giving|sending|sharing|revealing|transferring|paying)|{HOW}(?:steal|clone|skim) (?:\w+"
        rf" ){{0,2}}?(?:identit(?:y|ies)"
        r"|credit cards?|bank accounts?|a car|cars|packages from)"
        rf"|{HOW}(?:commit|get away with) (?:\w+ )?(?:tax|insurance|credit card|identity|wire|welfare|mail)"
        rf" (?:fraud|theft"
        rf"|evasion)|{HOW}(?:start|run|set up|create) (?:an? )?(?:ponzi|pyramid) scheme|{HOW}shoplift",
    ),
    (
        "forging documents and money",
        "fraud",
        "fake forge forging counterfeit",
        rf"{HOW}(?:{MAKE}|print(?:ing)?|forg(?:e|ing)|buy(?:ing)?|get(?:ting)?|obtain(?:ing)?) {ARTICLE}(?:\w+"
        rf" ){{0,2}}?"
        rf"{FORGERY}(?! (?:detect\w*|for (?:a |the )?(?:game|play|prop|film|movie)))|{HOW}(?:forge|counterfeit)"
        rf" (?:an? |my |the )?"
        r"(?:\w+ )?(?:signatures?|prescriptions?|passports?|ids?|checks?|money|currency|banknotes?|documents?)",
    ),
    (
        "doxxing",
        "privacy",
        "dox swat address lives",
        r"(?:how to |help me |can you |let's )(?:doxx?|swat) (?:someone|somebody|him|her|this|my|an?)"
        rf"|(?:find|get|look up|track down|locate|discover) (?:out )?(?:where (?:my ex\S*|{ELSE}) (?:lives|works)"
        rf"|(?:the )?"
        rf"(?:home |private )?(?:address|location) of (?:my ex\S*|{ELSE})|(?:my ex\S*?|{ELSE})(?:'s)? (?:new"
        rf" )?(?:home |private )?"
        r"address)",
    ),
    (
        "stalking",
        "privacy",
        "secretly without stalk spy",
        rf"(?:track|spy on|monitor|follow|record|film|photograph|stalk|watch|bug) {ELSE}(?:'s)? (?:\w+"
        rf" ){{0,4}}?{UNSEEN}"
        rf"|secretly (?:track|spy on|monitor|follow|record|film|photograph|stalk|watch|read) {ELSE}|{HOW}spy on"
        rf" {ELSE}"
        rf"|(?:install|put) (?:\w+ ){{0,2}}?(?:spyware|tracker|tracking app|spy app|stalkerware) (?:on|in) {ELSE}",
    ),
)

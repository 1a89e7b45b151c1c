"""Words of the English phrases in `harm_phrases`: who asks, in which words, and for what, as patterns."""

from __future__ import annotations

# English: who asks, for what, with at most a few words between that do not turn it round

HOW = (
    r"(?:how (?:to|do i|do you|do we|do people|can i|can you|can we|could i|could you|would i|should i)|steps?"
    r" (?:to|for)"
    r"|instructions? (?:for|to|on)|guide (?:to|for|on)|tutorial (?:to|for|on)|recipe (?:for|to)|(?:way|ways) to"
    r"|method (?:to|of|for)|methods (?:to|of|for)|teach me(?: how)?(?: to)?|show me how to|tell me how to|explain"
    r" how to"
    r"|help me(?: to)?|i (?:want|need|would like|plan|am planning|'m planning) to|tips (?:for|on|to)) (?:\w+ ){0,3}?"
)
GIVE = r"(?:write|create|make|build|code|develop|program|generate|give|provide|design|draft|compose|produce|send)"
BETWEEN = (  # words between a request and its object; those that turn it round are not among them
    r"(?:(?!(?:about|against|on|how|why|of|from|avoid\w*|detect\w*|prevent\w*|stop\w*|spot|recogni[sz]e|identify"
    r"|explain\w*"
    r"|analy[sz]\w*|removes?|remover|scan\w*|protect\w*|report|policy|essay|article|blog|history|anti\w*|fake|mock"
    r"|simulated|where|which|who) )[\w'-]+ )"
)
MAKE = (
    r"(?:mak(?:e|ing)|build(?:ing)?|construct(?:ing)?|assembl(?:e|ing)|synthesi[sz](?:e|ing)|cook(?:ing)?"
    r"|creat(?:e|ing)"
    r"|produc(?:e|ing)|manufactur(?:e|ing)|prepar(?:e|ing)|3d print(?:ing)?|brew(?:ing)?|extract(?:ing)?|refin(?:e"
    r"|ing))"
)
ARTICLE = r"(?:an? |some |the |my own |your own |our own )?"
PLAN = (
    r"(?:instructions|recipe|steps|guide|tutorial|blueprints?|procedure|directions|manual|formula|process"
    r"|ingredients)"
)
WEAPON = (
    r"(?:(?<!bath )(?<!seed )(?<!smoke )(?<!glitter )(?<!cherry )(?<!photo )(?<!paint )(?<!water )(?<!stink"
    r" )(?<!cocoa )"
    r"(?<!chocolate )bombs?(?! (?:shelters?|cyclones?|disposal|in (?:minecraft|roblox|fortnite|terraria|a game|the"
    r" game)))"
    r"|explosives|explosive devices?|ieds?|molotov(?: cocktails?)?|napalm|grenades?|silencers?|ghost guns?|pipe"
    r" ?bombs?"
    r"|untraceable (?:guns?|firearms?|weapons?)|zip guns?|sarin|vx(?: gas)?|nerve (?:gas|agents?)|mustard gas"
    r"|chlorine gas"
    r"|poison gas|ricin|anthrax|tatp|c-?4 explosives?|(?:chemical|biological|nuclear) weapons?)"
)
DRUG = (
    r"(?:crystal meth|meth|methamphetamines?|amphetamines?|fentanyl|carfentanil|heroin|crack cocaine|cocaine|mdma"
    r"|ecstasy pills?|lsd|ghb|pcp|dmt|krokodil|bath salts drug)"
)
WARE = (
    r"(?:ransomware|keyloggers?|malware|spyware|rootkits?|botnets?|trojans?(?! (?:war|horse (?:myth|story)))"
    r"|computer (?:virus(?:es)?|worms?)|virus(?:es)? (?:that|which|to) (?:\w+ )?(?:deletes?|destroys?|encrypts?"
    r"|infects?|steals?|wipes?)|(?:password|credential|cookie|token|info) stealers?|remote access trojans?"
    r"|ddos (?:script|tool|bot|attack)|cryptojack\w+)(?! (?:awareness|detect\w*|prevent\w*|scan\w*|analy\w*"
    r"|remov\w*|report"
    r"|policy|protection|defen[cs]e|training|classif\w*|incident|response|simulation))"
)
LURE = (
    r"(?:(?:phishing|scam|smishing|spear[- ]phishing) (?:e-?mails?|texts?|sms|pages?|sites?|websites?|messages?"
    r"|letters?"
    r"|campaigns?|templates?|scripts?)|fake (?:bank|paypal|login|amazon|irs|charity|invoice) (?:e-?mails?|pages?"
    r"|sites?"
    r"|websites?|messages?))(?! (?:awareness|detect\w*|prevent\w*|training|simulation|classif\w*|examples? to))"
)
FORGERY = (
    r"(?:(?:fake|forged|counterfeit) (?:ids?|id cards?|passports?|money|bills?|currency|banknotes?|driver'?s"
    r" licen[cs]es?"
    r"|prescriptions?|diplomas?|medical certificates?|checks?|cheques?|vaccin\w+ cards?))"
)
CHILD = (
    r"(?:child(?:ren)?|kids?|minors?|preteens?|toddlers?|infants?|underage \w+|schoolgirls?|schoolboys?|little"
    r" (?:girls?"
    r"|boys?)|young (?:girls?|boys?)|middle schoolers?|lolis?|shotas?|(?:[1-9]|1[0-7])[- ]?(?:years?[- ]old|yo|y/o)s?"
    r"(?: (?:girls?|boys?|child|kid|student))?)"
)
SEXUAL = r"(?:sexual|sexy|sexually explicit|erotic|explicit|nude|naked|pornographic|smutty|lewd|seductive|sensual)"
SEXUAL_WORK = (
    rf"(?:porn\w*|erotica?|nudes?|smut|{SEXUAL} (?:\w+ )?(?:photos?|pictures?|images?|videos?|story|stories|scenes?"
    r"|content|fantasy|fantasies|poems?|fan ?fictions?|descriptions?|role ?plays?|chats?|drawings?))"
)
GROUP = (
    r"(?:jews|jewish people|muslims|christians|hindus|blacks|black people|whites|white people|asians|arabs"
    r"|mexicans|latinos"
    r"|immigrants|refugees|foreigners|gays|gay people|homosexuals|lesbians|trans people|transgender people|women"
    r"|roma people"
    r"|gypsies|disabled people|the disabled)"
)
LOW = (
    r"(?:subhuman|sub-human|vermin|parasites|cockroaches|animals|inferior|a disease|a plague|exterminated|gassed"
    r"|killed"
    r"|lynched|enslaved|wiped out|eradicated|less (?:than )?human)"
)
HATEFUL = (
    r"(?:hateful|racist|anti-?semitic|homophobic|transphobic|islamophobic|xenophobic|misogynistic|sexist|white"
    r" supremacist"
    r"|neo-?nazi|nazi)"
)
KIN = (
    r"(?:ex(?:[- ](?:wife|husband|girlfriend|boyfriend|partner))?|wife|husband|girlfriend|boyfriend|partner|boss"
    r"|manager"
    r"|co-?worker|colleague|neighbou?rs?|roommate|parents|mother|mom|father|dad|brother|sister|step\w+|teacher"
    r"|classmates?"
    r"|landlord|friend|enemy|family)"
)
SOMEONE = (
    rf"(?:someone|somebody|a person|people|another person|my {KIN}|a (?:man|woman|girl|boy|child|cop|police officer"
    r"|stranger|politician)|the president|him|her|them)"
)
ELSE = rf"(?:someone|somebody|a stranger|my {KIN}|this (?:girl|guy|woman|man|person)|a (?:girl|woman|person)|her|him)"
UNSEEN = (
    r"(?:secretly|without (?:(?:her|him|them|their|his|anyone|my \w+) )?(?:knowing|knowledge|permission|consent"
    r"|noticing"
    r"|finding out))"
)
CAUGHT = (
    r"(?:without (?:getting|being) (?:caught|detected|traced)|without leaving (?:a trace|evidence)|and get away"
    r" with it)"
)

"""What each kind of task is labelled with: MAGPIE's category and difficulty, known by construction."""

from pairs.kinds import KINDS, Kind

CATEGORY_OF_DOMAIN = {
    "general": "Others",
    "math": "Math",
    "code": "Coding & Debugging",
    "translation": "Others",
    "reasoning": "Reasoning",
    "creative writing": "Creative writing",
    "data analysis": "Data analysis",
    "planning": "Planning",
    "editing": "Editing",
    "knowledge": "Information seeking",
    "advice": "Advice seeking",
}
OTHER_CATEGORIES = {
    "Brainstorming": "gift brand_names pet_names ideas rhymes quiz",
    "Role playing": "role_play object_letter",
    "Information seeking": "wish_list meaning idiom food recipe math/term",
    "Creative writing": "email headline",
}
DIFFICULTIES = ("very easy", "easy", "medium", "hard", "very hard")
DIFFICULTY = {
    "very easy": "capital_city country animal planet element book acronym true_or_false festival phrase phrase_back "
    "noun translation/counting article check_translation arithmetic roman rounding spelling format_text kinship "
    "letters pet_names small_talk calendar meaning job",
    "medium": "percentage discount rectangle speed average saving shopping fraction budget day_plan event meals goal "
    "ordering enough direction story dialogue email role_play total trend extreme function one_liner explain_code html "
    "javascript output comparison city_trip agenda country_facts three_languages object_letter greeting",
    "hard": "equation sequence syllogism if_then poem acrostic sql regex bug reshape extraction study_plan riddle "
    "change",
}  # all others are easy


def labels_of(kind: Kind) -> tuple[str, str]:
    """Category and difficulty of a kind."""
    names = {kind.name, f"{kind.domain}/{kind.name}"}
    category = next((label for label, kinds in OTHER_CATEGORIES.items() if names & set(kinds.split())), None)
    difficulty = next((label for label, kinds in DIFFICULTY.items() if names & set(kinds.split())), "easy")
    return category or CATEGORY_OF_DOMAIN[kind.domain], difficulty


LABELS = {(kind.name, kind.domain): labels_of(kind) for kind in KINDS}

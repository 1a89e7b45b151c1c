"""Words around the numbers of an equation, by what they do to its meaning; lower case."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNCERTAIN = _words(  # they change what the number beside them is worth, or belong to the expression
    """of half twice double triple thrice quarter quarters third thirds fourth fourths fifth fifths two three four five
    six seven eight nine ten eleven twelve twenty thirty forty fifty hundred dozen dozens couple pair pairs times plus
    minus multiplied divided by over than less fewer and or sum product difference ratio average mean percent mod modulo
    div sin cos tan log ln exp sqrt root square squared cube cubed power choose remainder rem am pm o'clock without not
    subtract add subtracting adding from to least most"""
)
UNCERTAIN_ENDS = "半倍和加减乘除点第比余的若"  # Chinese words that end with one of these do too
NO_UNITS = _words(  # what stands after an amount and is not its unit
    """because since so then as is are was were has have had gives makes for with that which who he she it"""
)
AMOUNTS = _words(  # an expression may follow "of" after them: a loss of 5 - 3
    """total sum cost loss profit amount balance discount revenue income difference saving savings fee tax bill debt"""
)
LABELS = _words(  # the number after them is a name, or supposed
    """if suppose assume day week month year step page chapter version score base number level room grade class part
    problem question item case phase stage round figure table equation option example"""
)
LEADING = _words("a an the total of only just exactly about approximately roughly around nearly almost approx")
VAGUE = _words("about approximately roughly around nearly almost approx")
REMAINDERS = _words("remainder rem mod modulo left remaining leftover over 余")
MEASURES = [  # units of one kind, between which one converts
    _words(
        """sec secs second seconds min mins minute minutes hr hrs hour hours day days week weeks month months year years
        decade decades century centuries daily weekly monthly yearly annual hourly 秒 分钟 小时 天 周 个月 月 年"""
    ),
    _words(
        """mm cm km mi millimeter millimeters centimeter centimeters meter meters metre metres kilometer kilometers inch
        inches ft foot feet yd yard yards mile miles 厘米 米 千米 公里 毫米"""
    ),
    _words(
        """mg mcg kg lb lbs oz gram grams kilogram kilograms ounce ounces pound pounds ton tons tonnes
        克 千克 公斤 吨"""
    ),
    _words(
        """ml dl milliliter milliliters liter liters litre litres cup cups pint pints quart quarts gallon gallons
        tablespoon tablespoons tbsp teaspoon teaspoons tsp 升 毫升"""
    ),
    _words("$ cent cents penny pennies nickel nickels dime dimes quarter quarters euro euros 元 角 分"),
    _words("bit bits byte bytes kb mb gb tb"),
    _words("% percent"),
]
ATTACHED = _words(  # units that are written without a space; other letters after a digit may be a variable
    """cm mm km kg mg mcg lb lbs oz ft yd mi min mins sec secs hr hrs ms ml dl kb mb gb tb mph kph km/h kwh cal kcal"""
)
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "万": 10**4, "亿": 10**8}

"""The Chinese phrases of `harm_patterns`: a request (怎么, 教我, 写) and what is asked for, within one sentence.

Each row has a name, a hazard, stems of which a text must have one (looked for first, for speed), and a pattern.
"""

from __future__ import annotations

_END = r"。！？!?\n"
_TURNED = (  # words that turn a request round: how to prevent, recognise, report, comfort
    "预防|防止|防范|阻止|避免|识别|检测|打击|举报|历史|干预|应对|劝|抵制|分析|拆除|排除|查杀|清除|安慰|帮助|陪伴|关心|开导|保护|科普"
)
_ASK = r"(?:怎么|怎样|如何|教我|告诉我|帮我|给我|教程|我想|我要|有什么办法|什么方法)"
_GIVE = r"(?:写|编写|编|讲|制作|开发|生成|设计|搭建|画|给我|帮我|提供)"
_MAKE = r"(?:制作|制造|自制|制备|合成|组装|提炼|熬制|配制|做|造|制)"
_HOW_TO = (
    r"(?:是?(?:怎么|如何)(?:做|制作|制造|合成)"
    r"|的?(?:制作|制造|合成|制备|组装|提炼)?的?(?:方法|步骤|教程|配方|流程|工艺)(?!的历史))"
)
_WEAPON = (
    r"(?:(?<!浴)(?<!澡)(?<!浴盐)(?<!奶油)炸弹(?!面包|蛋糕|甜点|游戏)|炸药|燃烧瓶|手榴弹|枪支|土枪|手枪|消音器|沙林|毒气"
    r"|神经毒剂|蓖麻毒素|炭疽|生化武器|化学武器|雷管)"
)
_DRUG = r"(?:冰毒|海洛因|可卡因|摇头丸|芬太尼|毒品|甲基苯丙胺|麻古|k粉)"
_WARE = r"(?:勒索软件|勒索病毒|木马|键盘记录器|电脑病毒|计算机病毒|恶意软件|恶意代码|僵尸网络|盗号程序)"
_DEFENCE = rf"(?![^{_END}]{{0,4}}(?:检测|识别|防护|防范|分析|查杀|清除|介绍|文章|科普))"
_KIN = r"(?:前女友|前男友|女友|男友|女朋友|男朋友|老婆|老公|妻子|丈夫|女?同事|邻居|室友|老板|父母|同学|老师)"
_PERSON = rf"(?:{_KIN}|别人|他人|某人|一个人|女孩|女生|人|她|他|我的)"
_GROUP = (
    r"(?:黑人|白人|犹太人|穆斯林|回族|维吾尔族|藏族|少数民族|同性恋|外国人|移民|女性|女人|残疾人|日本人|韩国人|印度人)"
)
_CHILD = r"(?:儿童|小孩|孩子|幼女|未成年|小学生|初中生|萝莉|正太|女童|男童|小女孩|小男孩)"
_SEXUAL = r"(?:色情|情色|性爱|裸照|裸体|淫秽|黄色小说|做爱|性行为|性关系)"


def _then(*parts: str, gap: int = 10) -> str:
    """The parts in their order, with at most `gap` characters between that do not turn the request round."""
    return rf"(?:(?!{_TURNED})[^{_END}]){{0,{gap}}}?".join(parts)


def _row(name: str, hazard: str, stems: str, *patterns: str) -> tuple[str, str, str, str]:
    return name, hazard, stems, "|".join(patterns)


CHINESE = (
    _row(
        "making a weapon",
        "weapons",
        "弹 药 瓶 枪 器 毒 疽 雷管",
        _then(_ASK, _MAKE, rf"{_WEAPON}(?!的历史)"),
        rf"{_WEAPON}{_HOW_TO}",
    ),
    _row(
        "making a drug",
        "controlled substances",
        "毒 因 丸 胺 尼 古 粉",
        _then(_ASK, _MAKE, _DRUG),
        rf"{_DRUG}{_HOW_TO}",
        _then(r"(?:怎么|如何|哪里|哪儿|教我|帮我)", r"(?:买|购买|贩卖|走私)", _DRUG),
    ),
    _row(
        "harming someone",
        "violent crimes",
        "杀 毒 绑 勒 弄死 折磨 奸 迷药",
        _then(_ASK, r"(?:杀死|杀掉|杀害|谋杀|毒死|毒害|绑架|勒死|折磨|弄死|强奸|迷奸)", _PERSON, gap=6),
        _then(_ASK, r"(?:下毒|投毒|下迷药)"),
        r"给[^。！？!?\n]{1,6}(?:下毒|下迷药)的(?:方法|步骤)",
        _then(r"(?:查不出|检测不到)", r"毒药"),
        _then(r"毒药", r"(?:查不出|检测不到|不被发现)", gap=4),
        _then(r"杀人", r"不被(?:发现|抓)"),
    ),
    _row(
        "planning an attack",
        "violent crimes",
        "袭击 枪击 暗杀 屠杀",
        _then(_ASK, r"(?:策划|实施|发动)", r"(?:恐怖袭击|爆炸袭击|枪击|暗杀|屠杀)"),
        _then(r"(?:策划|实施|发动)", r"(?:恐怖袭击|爆炸袭击|枪击案?|暗杀|屠杀)(?:的)?(?:方法|步骤|方案|教程)"),
    ),
    _row(
        "asking for a method of suicide",
        "suicide and self-harm",
        "自杀 割腕 上吊 自残 生命",
        _then(
            _ASK,
            r"(?:自杀|割腕|上吊|自残|结束自己的生命)(?!的人|的?[^。]{0,2}(?:朋友|同学|家人)|者|倾向|率|念头|现象|问题)",
            gap=6,
        ),
        r"无痛自杀",
    ),
    _row(
        "telling someone to die",
        "suicide and self-harm",
        "去死 自杀",
        r"(?:你|怎么还不|赶紧|快)(?:应该|就该|怎么不|为什么不|不如)?去死(?:吧|算了|$)",
        rf"(?:怂恿|鼓励|逼)[^{_END}]{{1,6}}自杀(?!的人|者)",
    ),
    _row(
        "making malware",
        "cybercrime",
        "勒索 木马 键盘 病毒 恶意 僵尸 盗号",
        rf"(?!关于){_then(_GIVE, _WARE)}{_DEFENCE}",
    ),
    _row(
        "breaking into accounts",
        "cybercrime",
        "黑进 盗取 盗用 破解 入侵",
        _then(_ASK, r"(?:黑进|盗取|盗用|破解|入侵)", r"(?:账号|微信|手机|密码|邮箱|银行|网站|服务器|系统)"),
    ),
    _row(
        "cheating people out of money",
        "fraud",
        "骗 洗钱 盗刷 敲诈",
        _then(_ASK, r"(?:洗钱|盗刷|敲诈|电信诈骗)(?!案|罪|的危害)"),
        _then(_ASK, r"骗", r"(?:钱|存款|银行卡|密码|养老金)", gap=6),
    ),
    _row(
        "phishing and scams",
        "fraud",
        "钓鱼 诈骗",
        rf"{_then(_GIVE, r'(?:钓鱼|诈骗)(?:邮件|网站|短信|话术|剧本)')}{_DEFENCE}",
    ),
    _row(
        "forging documents and money",
        "fraud",
        "伪造 仿造 假",
        _then(
            _ASK,
            r"(?:伪造|仿造|办假|做假|制作假)",
            r"(?:身份证|护照|货币|钞票|人民币|公章|证件|文凭|处方|证)",
            gap=6,
        ),
    ),
    _row(
        "asking for hate speech",
        "hate",
        "仇恨 歧视 辱骂 侮辱 煽动 嘲笑 劣等 低等 害虫 蟑螂 寄生虫 灭绝 杀",
        _then(_GIVE, r"(?:仇恨|歧视|辱骂|侮辱|煽动|嘲笑)", _GROUP, gap=8),
        rf"{_GROUP}(?:都|全|就)?(?:是|该被|应该被|应被)(?:劣等|低等|害虫|蟑螂|寄生虫|消灭|灭绝|杀光|杀掉)",
        rf"(?:杀光|灭绝|消灭)(?:所有|全部)?的?{_GROUP}",
    ),
    _row(
        "sexual content about children",
        "child sexual exploitation",
        "色情 情色 性爱 裸 淫秽 黄色 做爱 性行为 性关系 上床",
        _then(rf"(?:{_GIVE}|哪里|下载|找|求|看|发)", _CHILD, _SEXUAL),
        _then(rf"(?:{_GIVE}|哪里|下载|找|求|看|发)", _SEXUAL, _CHILD),
        _then(_ASK, r"(?:和|与|跟|诱奸|性侵|猥亵|引诱)", _CHILD, rf"(?:{_SEXUAL}|上床)", gap=6),
    ),
    _row(
        "stalking",
        "privacy",
        "跟踪 监视 偷拍 监听 定位 人肉 偷看",
        _then(_ASK, r"(?:跟踪|监视|偷拍|监听|偷看|偷偷定位)", rf"(?:{_KIN}|别人|他人|某人|她|他|洗澡)"),
        _then(_ASK, r"人肉(?!搜索引擎)", rf"(?:{_PERSON}|网友)", gap=6),
    ),
)

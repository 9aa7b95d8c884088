"""The words the planner knows, in English, Japanese and Chinese.

Tables only; `plan.py` reads them. A word is here because the engine can do what it means, or because people
ask for it and deserve to be told that it was not done. Longer phrases come before those that they contain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Axis = Literal["x", "y", "zoom", "roll", "shake", "drift", "still"]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Word:
    """One kind of camera move and how people name it.

    name       what we call it towards the caller; `{}` is filled with the direction.
    axis       what it moves; two words of one axis exclude each other.
    sign       +1 right, down, in or clockwise; -1 the opposite; 0: the direction is read beside the word.
    pattern    what to look for.
    flat       True if a real camera would show near and far things moving apart, which this engine does not.
    """

    name: str
    axis: Axis
    sign: int
    pattern: re.Pattern[str]
    flat: bool = False


CAMERA_WORDS = (
    Word(
        "static camera",
        "still",
        0,
        _words(
            r"""\b(?:no|without|zero)\s+(?:any\s+)?(?:camera|lens)\s+(?:movement|motion|moves?)
            | \bcamera\s+(?:\w+\s+){0,2}?(?:does\s+not|doesn['’]?t|do\s+not|must\s+not|never)\s+move
            | \b(?:static|fixed|stationary|locked(?:[\s-]?(?:off|down))?|motionless
            |still)\s+(?:camera|shot|frame|framing|view)
            | \bcamera\s+(?:is|stays?|remains?|keeps?|holds?|kept)\s+(?:\w+\s+)?(?:static|fixed|still
            |stationary|locked|motionless)
            | \b(?:on\s+a\s+)?tripod\b | ^\s*(?:static|still)\s*$
            | カメラ(?:は|を|が)?(?:\w{0,4})?(?:動かない|動かさない|動かさず|動かず|固定|静止|止ま)
            | 固定カメラ | 定点 | 動かない | 固定ショット
            | (?:镜头|鏡頭|相机|相機|摄像机|攝影機|机位|機位)(?:保持)?(?:固定|不动|不動|静止|靜止)
            | 固定(?:镜头|鏡頭|机位|機位|相机)
            | (?:没有|無|无|不要)(?:任何)?(?:镜头|鏡頭|相机)(?:运动|運動|移动|移動) | 静止(?:镜头
            |画面) | ^\s*不动\s*$ | ^\s*不動\s*$ | 不动 | 不動
            """
        ),
    ),
    Word(
        "pull-back",
        "zoom",
        -1,
        _words(
            r"""\b(?:dolly|dollie[sd]|dollying|push|track|truck|move)s?\s+(?:slowly\s+
            |gently\s+)?(?:out|back(?:wards?)?)\b(?!ground)
            | \bpull(?:s|ed|ing)?[\s-]+(?:slowly\s+|gently\s+)?(?:out|back|away)\b(?!ground)
            | \bcamera\s+(?:\w+\s+)?(?:retreats|backs\s+away|recedes)
            | ドリーアウト | トラックアウト | (?:カメラ\S{0,6})?後退 | 後ろに下が | 引いていく
            | 拉远 | 拉遠 | 后退镜头 | 镜头\S{0,3}后退 | 拉镜头 | 向后拉 | 镜头\S{0,4}拉出
            """
        ),
        flat=True,
    ),
    Word(
        "push-in",
        "zoom",
        +1,
        _words(
            r"""\b(?:dolly|dollie[sd]|dollying|push(?:es|ed|ing)?)[\s-]*(?:slowly\s+|gently\s+
            |smoothly\s+|dramatically\s+)?(?:in|inwards?|forwards?|toward|towards|closer)\b
            | \bdolly[\s-](?:shot|move|movement)\b
            | \bcamera\s+(?:\w+\s+)?(?:moves?|glides?|travels?|flies|pushes|creeps
            |comes?)\s+(?:\w+ly\s+)?(?:in|forwards?|closer|into|towards?)\b
            | \bcamera\s+(?:\w+\s+)?(?:advances|approaches)\b
            | \b(?:fly|flies|flying|walk)[\s-]*(?:through|forward)\s+(?:shot|camera)
            | ドリーイン | トラックイン | ドリー(?!アウト) | カメラ\S{0,6}前進
            | (?:カメラ)\S{0,6}近づ | 寄っていく
            | 推近 | 推进 | 推進 | 推镜头 | 前推 | 镜头\S{0,4}(?:前进|靠近|推)
            """
        ),
        flat=True,
    ),
    Word(
        "zoom out",
        "zoom",
        -1,
        _words(
            r"""\bzoom(?:s|ed|ing)?[\s-]+(?:\w+ly\s+)?(?:out|back)\b | ズームアウト | 引きのズーム
            | 缩小镜头 | 拉远变焦 | (?:变焦|變焦)(?:拉远|拉遠) | 镜头\S{0,3}缩小"""
        ),
    ),
    Word(
        "zoom in",
        "zoom",
        +1,
        _words(
            r"""\bzoom(?:s|ed|ing)?(?:[\s-]+(?:\w+ly\s+)?(?:in|into|on|onto|towards?))?\b
            | ズームイン | ズーム | 寄りのズーム
            | 放大镜头 | 镜头\S{0,3}放大 | (?:变焦|變焦)(?!拉) | 缩放"""
        ),
    ),
    Word(
        "tilt {}",
        "y",
        0,
        _words(
            r"""\b(?:tilt|pan)(?:s|ned|ed|ning|ing)?[\s-]+(?:shot\s+)?(?:\w+ly\s+)?(?:up
            |down)(?:wards?)?\b
            | \btilt(?:s|ed|ing)?\b(?!\s+(?:left|right|head|his|her))
            | ティルト(?:アップ|ダウン)? | チルト(?:アップ|ダウン)? | パン(?:アップ|ダウン)
            | (?:镜头|鏡頭|相机)\S{0,4}(?:上摇|下摇|上移|下移|仰|俯) | 上摇 | 下摇 | 上搖 | 下搖"""
        ),
    ),
    Word(
        "crane shot {}",
        "y",
        0,
        _words(
            r"""\b(?:crane|jib|pedestal|boom)(?:s|ed|ing)?[\s-]*(?:shot|move|movement)?[\s-]*(?:up
            |down)(?:wards?)?\b | \b(?:crane|jib)\s+shot
            | \bcamera\s+(?:\w+ly\s+)?(?:rises|ascends|descends|lowers|lifts|sinks)\b
            | クレーン(?:アップ|ダウン|ショット)? | カメラ\S{0,6}(?:上昇|下降) | 镜头\S{0,4}(?:上升
            |下降|升起) | 升降镜头 | 升镜头 | 降镜头"""
        ),
        flat=True,
    ),
    Word(
        "tracking shot {}",
        "x",
        0,
        _words(
            r"""\b(?:tracking|trucking|travell?ing|lateral|sideways|side|dolly|following|follow)[\s-]+shot
            | \b(?:track|truck|slide)(?:s|ed|ing)?[\s-]+(?:\w+ly\s+)?(?:to\s+the\s+)?(?:left|right
            |sideways|along)
            | \bcamera\s+(?:\w+ly\s+)?(?:tracks?|trucks?|slides?|follows?|tracking|sliding|following)\b
            | トラッキング(?:ショット)? | トラックショット | 横移動 | ドリー移動
            | (?:カメラ\S{0,6})(?:左|右)\S{0,3}(?:移動|動|スライド)
            | 跟拍 | 跟随镜头 | 跟踪镜头 | 横移 | 移镜头 | 镜头\S{0,4}(?:左移|右移|平移) | 跟镜头"""
        ),
        flat=True,
    ),
    Word(
        "pan {}",
        "x",
        0,
        _words(
            r"""\bpan(?:s|ned|ning)?\b(?!\s*(?:of|with|full|fried
            |pipe))(?<!frying\ pan)(?<!the\ pan)(?<!a\ pan)
            | \bcamera\s+(?:\w+ly\s+)?(?:sweeps?|swings?|turns?|moves?|drifts?
            |glides?)\s+(?:\w+ly\s+)?(?:to\s+the\s+)?(?:left|right)
            | \b(?:a|slow|smooth|gentle)\s+pan\b
            | (?<![ァ-ヴー])パン(?!アップ|ダウン|[ァ-ヴー])(?=する|し|、|。|$|せ|で|を|ショット|・)
            | (?:左|右)\S{0,2}パン
            | 摇镜头 | 搖鏡頭 | 左摇 | 右摇 | 平摇 | 横摇 | (?:向|往)(?:左|右)\S{0,2}(?:摇|平移|移动
            |移動|扫)"""
        ),
    ),
    Word(
        "roll {}",
        "roll",
        0,
        _words(
            r"""\bcamera\s+(?:\w+ly\s+)?(?:rolls?|rotates?|spins?)\b | \b(?:barrel|dutch
            |camera)\s+roll | \b(?:rotate|rotating|roll)\s+(?:the\s+)?camera
            | \broll(?:s|ing)?\s+(?:counter-?clockwise|anti-?clockwise|clockwise)
            | カメラ\S{0,4}(?:ロール|回転) | 镜头\S{0,4}旋转 | 鏡頭\S{0,4}旋轉 | 旋转镜头"""
        ),
    ),
    Word(
        "handheld camera",
        "shake",
        +1,
        _words(
            r"""\bhand[\s-]?held\b | \b(?:camera\s+shakes?|shak(?:y|ing)\s+cam(?:era)?|camera\s+shake)\b
            | 手持ち | 手ブレ | 手ぶれ | ハンドヘルド | 手持(?!ち) | 晃动 | 晃動 | 抖动镜头 | 镜头抖动"""
        ),
    ),
    Word(
        "drift",
        "drift",
        +1,
        _words(
            r"""\bcamera\s+(?:\w+ly\s+)?(?:drifts?|floats?|glides?|moves?|wanders?)\b | \b(?:floating
            |drifting|gliding)\s+(?:camera|shot)
            | \b(?:slow|gentle|subtle|slight)\s+camera\s+(?:movement|motion|move|drift) | \bken\s+burns\b
            | カメラ\S{0,6}(?:漂|動く|動き|移動) | ゆっくりとしたカメラ | 镜头\S{0,4}(?:漂移|移动
            |移動|飘)"""
        ),
    ),
)

UNSUPPORTED_MOVES = (
    (
        "camera: orbit (needs depth)",
        _words(
            r"""\borbit(?:s|ing|al)?\b|\barc\s+shot|回り込|オービット|环绕|環繞|\b360(?:\s*(?:°
            |degrees?)|度)"""
        ),
    ),
    (
        "camera: dolly zoom (needs depth)",
        _words(r"""\b(?:dolly|vertigo)\s+(?:zoom|effect)|ドリーズーム|めまいショット|滑动变焦
        |希区柯克变焦"""),
    ),
    (
        "camera: focus pull",
        _words(
            r"""\b(?:rack|pull|shift)(?:s|ing)?\s+focus|\bfocus\s+(?:pull|shift)s?|ピント送り|焦点转移
            |变焦点"""
        ),
    ),
    (
        "camera: several shots",
        _words(
            r"""\bshot\s*[2-9]\b|\bcuts?\s+to\b|\bscene\s*[2-9]\b|カット\s*[2-9２-９]
            |镜头\s*[2-9二三四]|切换|切到"""
        ),
    ),
    ("camera: aerial view", _words(r"\b(?:aerial|drone)\b|空撮|ドローン|航拍|无人机")),
    ("camera: bullet time", _words(r"\bbullet[\s-]time|バレットタイム|子弹时间")),
)

UNSUPPORTED_LIGHT = (
    ("lens flares", _words(r"\blens\s+flares?\b|\bflares?\b|レンズフレア|镜头光晕|光晕|炫光")),
    (
        "dust particles",
        _words(r"\bdust(?:\s+(?:particles?|motes?))?\b|\bparticles?\b|ほこり|塵|埃|粉塵|尘埃|灰尘|粒子"),
    ),
    ("rain", _words(r"\brain(?:s|ing|y|fall|drops?)?\b|雨")),
    ("snow", _words(r"\bsnow(?:s|ing|fall|flakes?)\b|\bsnow\s+falls?|降雪|雪が|吹雪|下雪|飘雪|雪花")),
    ("fog and mist", _words(r"\b(?:fog|mist|haze)(?:gy|y)?\b|霧|靄|もや|雾")),
    ("smoke and steam", _words(r"\b(?:smoke|steam|vapou?r)\b|煙|湯気|烟雾|蒸汽|炊烟")),
    ("fire and sparks", _words(r"\b(?:fire(?!fl)|flames?|sparks?|embers?)\b|炎|火花|火焰|火星")),
    ("fireflies", _words(r"\bfirefl(?:y|ies)\b|蛍|萤火虫")),
    ("moving shadows", _words(r"\bshadows?\b|影が|光影|影子")),
    (
        "light rays",
        _words(
            r"""\b(?:god\s*rays|light\s+(?:rays|shafts|beams)|sun(?:light)?\s+filter(?:s|ing)
            |sunbeams?)\b|光芒|光線が|光束|丁达尔"""
        ),
    ),
    ("reflections", _words(r"\breflect(?:s|ing|ions?)\b|反射|倒影|映り込")),
    ("lightning", _words(r"\blightning\b|稲妻|雷光|闪电")),
    ("film grain", _words(r"\bfilm\s+grain|\bgrainy\b|粒状感|フィルムグレイン|胶片颗粒|颗粒感")),
    ("vignette", _words(r"\bvignett(?:e|ing)\b|ビネット|暗角")),
    (
        "depth of field",
        _words(r"""\b(?:depth\s+of\s+field|bokeh|shallow\s+focus)\b|被写界深度|ボケ|景深|虚化"""),
    ),
    ("slow motion", _words(r"\bslow[\s-]?mo(?:tion)?\b|スローモーション|慢动作|慢鏡頭|慢镜头")),
    ("time lapse", _words(r"\b(?:time|hyper)[\s-]?lapse\b|タイムラプス|早回し|延时|延時")),
    ("fades", _words(r"\bfad(?:e|es|ing)\s+(?:in|out|to)\b|フェード|淡入|淡出")),
    ("neon flicker", _words(r"\bflicker(?:s|ing)?\b|点滅|ちらつ|闪烁|閃爍")),
    ("sound", _words(r"\b(?:music|sound|audio|voice)\b|音楽|音声|音乐|声音|配音")),
)

SUBJECTS = _words(
    r"""\b(?:she|he|they|cars?|pedestrians?|people|persons?|man|men|woman|women|girls?|boys?
    |child(?:ren)?|kids?|crowds?|couples?
    | dogs?|cats?|birds?|horses?|animals?|fish|boats?|ships?|trains?|trams?|bus(?:es)?|bicycles?
    |bikes?|cyclists?|trucks?
    | planes?|vehicles?|traffic|clouds?|waves?|water|rivers?|sea|ocean|waterfalls?|leaves|trees?
    |grass|flowers?|branches
    | flags?|curtains?|hair|eyes?|lips|hands?|head|dress|skirt|clothes|dancers?|runners?|robots?
    |dragons?|butterfl(?:y|ies))\b
    | 自動車|車|歩行者|人々|人|女性|男性|少女|少年|子供|子ども|犬|猫|鳥|馬|船|電車|列車|バス|自転車
    |雲|波|水|川|海|葉|木々|草|花|旗|髪|目
    | 汽车|轿车|车辆|行人|人群|女人|女孩|男人|男孩|孩子|狗|猫|鸟|马|船|火车|云朵|云|海浪|河水|树叶|树
    |草|花|旗|头发|眼睛"""
)

MOTIONS = _words(
    r"""\b(?:glid(?:es?|ing)|driv(?:es?|ing)|mov(?:es?|ing)|walk(?:s|ing)?|run(?:s|ning)?|danc(?:es?
    |ing)|fl(?:y|ies|ying)|flow(?:s|ing)?
    | swim(?:s|ming)?|jump(?:s|ing)?|wav(?:es|ing)|smil(?:es?|ing)|laugh(?:s|ing)?|talk(?:s|ing)?
    |speak(?:s|ing)?|blink(?:s|ing)?|turn(?:s|ing)?
    | nod(?:s|ding)?|sway(?:s|ing)?|flutter(?:s|ing)?|rustl(?:es?|ing)|drift(?:s|ing)?|pass(?:es
    |ing)?|rid(?:es?|ing)|sail(?:s|ing)?|fall(?:s|ing)?
    | roll(?:s|ing)?|blow(?:s|ing)?|strid(?:es?|ing)|stroll(?:s|ing)?|cross(?:es|ing)?|march(?:es
    |ing)?|spin(?:s|ning)?|splash(?:es|ing)?|ripples?|crash(?:es|ing)?)\b
    | 走る|走っ|走り|歩く|歩い|歩き|動く|動い|動き|揺れ|なびく|なびい|飛ぶ|飛ん|飛び|流れ|泳|踊|笑|話
    |振る|振り|通り過ぎ|横切|舞
    | 行驶|行駛|驶过|走过|走动|行走|走路|奔跑|跑|跳舞|跳|飞|飛|流动|流淌|飘动|飘|摇曳|微笑|笑|说话
    |眨眼|转头|挥手|移动|驶"""
)

NEGATIONS = _words(
    r"""(?:\b(?:no|not|never|without|avoid|don['’]?t|do\s+not|doesn['’]?t
    |does\s+not)\b(?:\s+\w+){0,2}\s*|不要?|别|別|没有|沒有|无|無|禁止)\s*$"""
)
NEGATION_GOES_ON = _words(r"^[\s,]*(?:or|nor)\s+$|^(?:や|、|和|或)$")
NEGATIONS_AFTER = _words(r"""^\s*(?:し?(?:ない|ず|なし)|は?しない|せず|は?なし|禁止
|(?:is\s+)?not\s+allowed)""")

RIGHT = _words(
    r"""\bleft[\s-]to[\s-](?:the[\s-])?right\b|\bright(?:wards?)?\b(?![\s-]to[\s-](?:the[\s-])?left)
    |右(?!から左|到左|往左)"""
)
LEFT = _words(
    r"""\bright[\s-]to[\s-](?:the[\s-])?left\b|\bleft(?:wards?)?\b(?![\s-]to[\s-](?:the[\s-])?right)
    |左(?!から右|到右|往右)"""
)
UP = _words(r"\bup(?:wards?)?\b|\b(?:rises|ascends|lifts)\b|上|アップ|升|仰")
DOWN = _words(r"\bdown(?:wards?)?\b|\b(?:descends|lowers|sinks)\b|下|ダウン|降|俯")
COUNTERCLOCKWISE = _words(r"\b(?:counter|anti)-?clockwise\b|\bleft\b|反時計|逆时针|逆時針|左")
CLOCKWISE = _words(r"\bclockwise\b|\bright\b|時計回り|顺时针|順時針|右")

WEAK = _words(
    r"""\b(?:slow(?:ly)?|slight(?:ly)?|gentl[ey]|subtl[ey]|soft(?:ly)?|small|tiny|leisurely
    |calm(?:ly)?|barely|gradual(?:ly)?)\b
    | ゆっくり|ゆるやか|緩やか|わずか|少し|そっと|静かに|穏やか | 缓慢|緩慢|慢慢|轻微|輕微|缓缓|緩緩
    |轻轻|稍微|慢速|微微"""
)
STRONG = _words(
    r"""\b(?:fast|quick(?:ly)?|rapid(?:ly)?|dramatic(?:ally)?|sweeping|strong(?:ly)?|violent(?:ly)?
    |aggressive(?:ly)?|big|large|huge|extreme(?:ly)?|energetic)\b
    | 素早|速く|速い|急に|急速|高速|ダイナミック|劇的|激し|大きく|大胆 | 快速|迅速|剧烈|劇烈|猛烈
    |大幅|戏剧性|急速|飞快"""
)

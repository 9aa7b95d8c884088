"""Every camera word family and every effect, in all eight languages."""

from __future__ import annotations

import pytest

from mutoscope.engines.parallax.planner import plan
from mutoscope.engines.parallax.shots import CAMERA, EFFECTS

pytestmark = pytest.mark.slow

CAMERA_WORDS = {
    "en": """
        pan_left: pan left across the harbour
        pan_right: the camera pans slowly to the right
        tilt_up: tilt up from her shoes to her hat
        tilt_down: the camera tilts down to the puddle
        zoom_in: zoom in on the clock
        zoom_out: slow zoom out from the window
        dolly_in: dolly forward down the corridor
        dolly_out: the camera tracks backwards through the hall
        truck_left: truck left past the market stalls
        truck_right: the camera slides sideways to the right
        pedestal_up: crane up above the rooftops
        pedestal_down: the camera descends towards the ground
        orbit_right: orbit to the right around the statue
        orbit_left: the camera circles clockwise around the fountain
        arc_left: arc left around the dancer
        arc_right: the camera moves in a half circle to the right around the car
        roll_clockwise: the camera rolls clockwise
        roll_anticlockwise: the camera tilts counterclockwise on its axis, camera roll
        push_in: push in on his face
        pull_out: pull back to reveal the valley
        dolly_zoom_in: dolly zoom on the detective
        dolly_zoom_out: vertigo effect while the camera pulls back
        handheld: shaky handheld footage of a street
        static: locked-off camera on a tripod
        follow: the camera follows the cyclist from behind
        whip_left: whip pan to the left
        whip_right: swish pan right
    """,
    "ja": """
        pan_left: 左へパン
        pan_right: カメラがゆっくり右にパンする
        tilt_up: ティルトアップして空を見せる
        tilt_down: カメラを下にティルトする
        zoom_in: ゆっくりズームイン
        zoom_out: 街全体へズームアウト
        dolly_in: カメラが廊下の奥へ進んでいく
        dolly_out: カメラがゆっくり後退する
        truck_left: カメラが左へ横移動
        truck_right: 右へスライドするカメラ
        pedestal_up: クレーンアップで屋根の上へ
        pedestal_down: カメラがまっすぐ下降する
        orbit_right: 右方向へ像の周りをぐるりと回る
        orbit_left: 時計回りに被写体の周囲を周回
        arc_left: 左へ弧を描くようにカメラが動く
        arc_right: 右へ半周回り込む
        roll_clockwise: カメラが時計回りにロールする
        roll_anticlockwise: 反時計回りに傾くカメラ
        push_in: 彼の顔に寄っていく
        pull_out: 引いていくと谷が見える
        dolly_zoom_in: ドリーズーム
        dolly_zoom_out: 後ろに下がりながらのめまいショット
        handheld: 手持ちカメラで撮った市場
        static: 固定カメラ
        follow: 走る犬を追いかけるカメラ
        whip_left: 左へウィップパン
        whip_right: 右に素早く振る
    """,
    "zh": """
        pan_left: 镜头向左摇
        pan_right: 鏡頭緩緩向右搖
        tilt_up: 镜头上摇，露出天空
        tilt_down: 镜头从屋顶缓缓下摇
        zoom_in: 变焦推近钟楼
        zoom_out: 画面缩小，变焦拉远
        dolly_in: 镜头向前穿过走廊
        dolly_out: 镜头缓缓后退
        truck_left: 镜头向左平移
        truck_right: 镜头从左到右横移
        pedestal_up: 镜头缓缓升起
        pedestal_down: 摇臂下降到街面
        orbit_right: 镜头向右环绕雕像
        orbit_left: 顺时针环绕人物
        arc_left: 镜头沿弧线向左移动
        arc_right: 向右半环绕汽车
        roll_clockwise: 镜头顺时针滚转
        roll_anticlockwise: 画面逆时针旋转，镜头滚动
        push_in: 镜头推近她的脸
        pull_out: 镜头拉远，露出山谷
        dolly_zoom_in: 希区柯克变焦
        dolly_zoom_out: 滑动变焦，镜头后退
        handheld: 手持镜头，热闹的市场
        static: 固定机位
        follow: 镜头跟随骑车的人
        whip_left: 镜头快速向左甩镜
        whip_right: 甩镜头到右边
    """,
    "ko": """
        pan_left: 카메라가 왼쪽으로 패닝
        pan_right: 오른쪽으로 천천히 팬하는 카메라
        tilt_up: 하늘까지 틸트 업
        tilt_down: 카메라가 아래로 틸트한다
        zoom_in: 시계탑으로 줌인
        zoom_out: 천천히 줌 아웃
        dolly_in: 복도를 따라 앞으로 이동하는 카메라
        dolly_out: 카메라가 뒤로 물러난다
        truck_left: 카메라가 왼쪽으로 수평 이동
        truck_right: 오른쪽으로 트래킹
        pedestal_up: 크레인 업, 지붕 위까지
        pedestal_down: 카메라가 천천히 하강한다
        orbit_right: 오른쪽으로 동상 주위를 도는 카메라
        orbit_left: 시계 방향으로 인물 주변을 선회
        arc_left: 왼쪽으로 호를 그리며 움직이는 카메라
        arc_right: 오른쪽으로 반 바퀴 도는 카메라
        roll_clockwise: 카메라가 시계 방향으로 기울어진다
        roll_anticlockwise: 반시계 방향으로 롤 회전
        push_in: 카메라가 얼굴로 다가간다
        pull_out: 뒤로 빠지며 계곡 전체를 보여준다
        dolly_zoom_in: 돌리 줌
        dolly_zoom_out: 히치콕 줌, 카메라는 뒤로 이동
        handheld: 핸드헬드 카메라
        static: 카메라 고정
        follow: 자전거를 따라가는 카메라
        whip_left: 왼쪽으로 휩 팬
        whip_right: 오른쪽으로 스위시 팬
    """,
    "es": """
        pan_left: panorámica hacia la izquierda
        pan_right: la cámara panea lentamente a la derecha
        tilt_up: la cámara se inclina hacia arriba
        tilt_down: tilt down hasta el charco
        zoom_in: zoom al reloj
        zoom_out: zoom out lento
        dolly_in: la cámara avanza por el pasillo
        dolly_out: la cámara retrocede entre la gente
        truck_left: travelling lateral hacia la izquierda
        truck_right: la cámara se desliza de lado a la derecha
        pedestal_up: grúa ascendente sobre los tejados
        pedestal_down: la cámara desciende hasta la calle
        orbit_right: la cámara orbita a la derecha alrededor de la estatua
        orbit_left: gira alrededor de la fuente en sentido horario
        arc_left: arco hacia la izquierda en torno a la bailarina
        arc_right: la cámara da media vuelta alrededor del coche hacia la derecha
        roll_clockwise: la cámara se ladea en sentido horario
        roll_anticlockwise: alabeo en sentido antihorario
        push_in: la cámara se acerca a su rostro
        pull_out: la cámara se aleja y aparece el valle
        dolly_zoom_in: efecto vértigo
        dolly_zoom_out: dolly zoom, la cámara retrocede
        handheld: cámara en mano, mercado lleno
        static: cámara fija
        follow: la cámara sigue al ciclista
        whip_left: barrido rápido a la izquierda
        whip_right: latigazo hacia la derecha
    """,
    "de": """
        pan_left: Schwenk nach links
        pan_right: die Kamera schwenkt langsam nach rechts
        tilt_up: die Kamera schwenkt nach oben zum Himmel
        tilt_down: die Kamera neigt sich nach unten
        zoom_in: Zoom auf die Uhr
        zoom_out: langsam herauszoomen
        dolly_in: die Kamera fährt vorwärts durch den Flur
        dolly_out: Rückwärtsfahrt durch die Halle
        truck_left: seitliche Kamerafahrt nach links
        truck_right: die Kamera gleitet nach rechts
        pedestal_up: Kranfahrt nach oben über die Dächer
        pedestal_down: die Kamera senkt sich zur Straße
        orbit_right: die Kamera umkreist die Statue nach rechts
        orbit_left: im Uhrzeigersinn um den Brunnen kreisen, die Kamera umrundet ihn
        arc_left: Bogenfahrt nach links um die Tänzerin
        arc_right: im Halbkreis nach rechts um das Auto
        roll_clockwise: die Kamera rollt im Uhrzeigersinn
        roll_anticlockwise: die Kamera rotiert gegen den Uhrzeigersinn
        push_in: die Kamera nähert sich seinem Gesicht
        pull_out: die Kamera entfernt sich vom Haus
        dolly_zoom_in: Vertigo-Effekt
        dolly_zoom_out: Dolly-Zoom, die Kamera fährt zurück
        handheld: wacklige Handkamera auf dem Markt
        static: feste Kamera auf dem Stativ
        follow: die Kamera folgt dem Radfahrer
        whip_left: Reißschwenk nach links
        whip_right: blitzschneller Reißschwenk nach rechts
    """,
    "fr": """
        pan_left: panoramique vers la gauche
        pan_right: la caméra panote lentement à droite
        tilt_up: panoramique vertical vers le haut
        tilt_down: la caméra s'incline vers le bas
        zoom_in: zoom avant sur l'horloge
        zoom_out: la caméra dézoome doucement
        dolly_in: la caméra avance dans le couloir
        dolly_out: travelling arrière dans le hall
        truck_left: travelling latéral vers la gauche
        truck_right: la caméra glisse vers la droite
        pedestal_up: mouvement de grue ascendant au-dessus des toits
        pedestal_down: la caméra descend vers la rue
        orbit_right: la caméra tourne autour de la statue vers la droite
        orbit_left: orbite dans le sens horaire autour de la fontaine
        arc_left: arc de cercle vers la gauche autour de la danseuse
        arc_right: demi-cercle vers la droite autour de la voiture
        roll_clockwise: la caméra bascule sur le côté dans le sens des aiguilles d'une montre
        roll_anticlockwise: roulis dans le sens antihoraire
        push_in: la caméra se rapproche de son visage
        pull_out: la caméra s'éloigne et dévoile la vallée
        dolly_zoom_in: travelling compensé
        dolly_zoom_out: effet vertigo, la caméra recule
        handheld: caméra à l'épaule au marché
        static: plan fixe
        follow: la caméra suit le cycliste
        whip_left: panoramique filé vers la gauche
        whip_right: filé rapide vers la droite
    """,
    "pt": """
        pan_left: panorâmica para a esquerda
        pan_right: a câmera faz pan devagar para a direita
        tilt_up: tilt para cima até o céu
        tilt_down: a câmera se inclina para baixo
        zoom_in: zoom no relógio
        zoom_out: zoom out lento
        dolly_in: a câmera avança pelo corredor
        dolly_out: a câmera recua no salão
        truck_left: travelling lateral para a esquerda
        truck_right: a câmera desliza para a direita
        pedestal_up: grua para cima sobre os telhados
        pedestal_down: a câmera desce até a rua
        orbit_right: a câmera orbita para a direita em torno da estátua
        orbit_left: a câmera gira ao redor da fonte no sentido horário
        arc_left: arco para a esquerda em volta da bailarina
        arc_right: meia-volta ao redor do carro para a direita
        roll_clockwise: a câmera gira no sentido horário sobre o próprio eixo
        roll_anticlockwise: roll no sentido anti-horário
        push_in: a câmera se aproxima do rosto dele
        pull_out: a câmera se afasta e revela o vale
        dolly_zoom_in: efeito vertigo
        dolly_zoom_out: dolly zoom enquanto a câmera recua
        handheld: câmera na mão no mercado
        static: câmera parada
        follow: a câmera segue o ciclista
        whip_left: chicote para a esquerda
        whip_right: whip pan para a direita
    """,
}

EFFECT_WORDS = {
    "en": """
        golden_hour: late sun, golden hour light; blue_hour: a harbour at blue hour; night: turn it into night
        sunbeams: sunbeams fall through the window; lens_flare: with a lens flare
        anamorphic_streak: anamorphic streaks
        neon_flicker: the neon sign flickers; candle_flicker: candles flicker on the table; rain: it starts to rain
        snow: snow is falling; fog: thick fog; mist: morning mist over the meadow; dust: dust motes in the air
        embers: glowing embers rise; fireflies: fireflies everywhere; bokeh: bokeh lights behind her
        petals: petals drift by; leaves: autumn leaves fall; bubbles: soap bubbles
        lightning: lightning in the distance
        film_grain: 35mm film grain; old_film: like a scratched old film; black_and_white: in black and white
        sepia: sepia tone; teal_orange: teal and orange grade; vignette: subtle vignette
        letterbox: black bars, letterbox
        vhs: VHS look; glitch: digital glitch; tilt_shift: tilt-shift miniature look
        rack_focus: rack focus to the door
        depth_of_field: shallow depth of field; clouds_drift: clouds drift across the sky
        water_ripples: the lake ripples gently; foliage_sways: the grass sways; hair_moves: her hair blows in the wind
        cloth_moves: the curtain flutters
    """,
    "ja": """
        golden_hour: 夕焼けの光; blue_hour: ブルーアワーの港; night: 夜の雰囲気にする; sunbeams: 窓から光が差し込む
        lens_flare: レンズフレアを入れて; anamorphic_streak: アナモルフィックの光の筋; neon_flicker: ネオンが点滅する
        candle_flicker: ろうそくの炎が揺れる; rain: 雨が降り出す; snow: 雪が舞う; fog: 濃い霧; mist: 朝もや
        dust: 空気中の埃; embers: 火の粉が舞う; fireflies: 蛍が飛ぶ; bokeh: 玉ボケ; petals: 花びらが舞い散る
        leaves: 落ち葉が舞う; bubbles: シャボン玉; lightning: 遠くで稲妻; film_grain: フィルムグレイン
        old_film: 古いフィルムのような傷; black_and_white: 白黒で; sepia: セピア調; teal_orange: ティール&オレンジ
        vignette: 周辺減光; letterbox: 上下に黒帯; vhs: VHS風; glitch: グリッチ; tilt_shift: ミニチュア風
        rack_focus: 手前から奥へピント送り; depth_of_field: 浅い被写界深度; clouds_drift: 雲が流れる
        water_ripples: 水面が揺れる; foliage_sways: 草が風にそよぐ; hair_moves: 髪が風になびく
        cloth_moves: カーテンが揺れる
    """,
    "zh": """
        golden_hour: 夕阳余晖; blue_hour: 蓝调时刻的港口; night: 变为夜晚; sunbeams: 阳光透过树叶; lens_flare: 镜头光晕
        anamorphic_streak: 蓝色拉丝光; neon_flicker: 霓虹灯闪烁; candle_flicker: 烛光摇曳; rain: 开始下雨
        snow: 雪花飘落
        fog: 浓雾; mist: 薄霧瀰漫; dust: 空气中的灰尘; embers: 火星飞舞; fireflies: 螢火蟲; bokeh: 背景光斑
        petals: 花瓣飘落; leaves: 落叶纷飞; bubbles: 肥皂泡; lightning: 远处闪电; film_grain: 胶片颗粒
        old_film: 老电影划痕; black_and_white: 黑白画面; sepia: 棕褐色调; teal_orange: 青橙色调; vignette: 轻微暗角
        letterbox: 上下黑边; vhs: 录像带质感; glitch: 故障效果; tilt_shift: 移轴微缩; rack_focus: 焦点转移到门
        depth_of_field: 浅景深; clouds_drift: 白雲飄動; water_ripples: 湖面泛起涟漪; foliage_sways: 树叶随风摇曳
        hair_moves: 她的頭髮隨風飄動; cloth_moves: 裙摆飘动
    """,
    "ko": """
        golden_hour: 노을빛; blue_hour: 블루아워의 항구; night: 밤 분위기로; sunbeams: 창으로 햇살이 스며든다
        lens_flare: 렌즈 플레어; anamorphic_streak: 아나모픽 빛줄기; neon_flicker: 네온사인이 깜빡인다
        candle_flicker: 촛불이 흔들린다; rain: 비가 내린다; snow: 눈이 내린다; fog: 짙은 안개; mist: 물안개
        dust: 공기 중의 먼지; embers: 불티가 날린다; fireflies: 반딧불이; bokeh: 보케; petals: 꽃잎이 흩날린다
        leaves: 낙엽이 떨어진다; bubbles: 비눗방울; lightning: 번개가 친다; film_grain: 필름 그레인
        old_film: 오래된 필름 느낌; black_and_white: 흑백으로; sepia: 세피아 톤; teal_orange: 틸 앤 오렌지
        vignette: 비네팅; letterbox: 레터박스; vhs: VHS 느낌; glitch: 글리치; tilt_shift: 미니어처처럼
        rack_focus: 랙 포커스; depth_of_field: 얕은 심도; clouds_drift: 구름이 흘러간다; water_ripples: 호수가 일렁인다
        foliage_sways: 풀이 바람에 흔들린다; hair_moves: 머리카락이 바람에 휘날린다; cloth_moves: 커튼이 펄럭인다
    """,
    "es": """
        golden_hour: luz del atardecer; blue_hour: el puerto en la hora azul; night: que sea de noche
        sunbeams: rayos de sol por la ventana; lens_flare: destello de lente; anamorphic_streak: destellos anamórficos
        neon_flicker: el neón parpadea; candle_flicker: la luz de las velas; rain: empieza a llover; snow: nieva
        fog: niebla espesa; mist: bruma matinal; dust: motas de polvo; embers: brasas; fireflies: luciérnagas
        bokeh: luces en bokeh; petals: caen pétalos; leaves: hojas de otoño cayendo; bubbles: burbujas de jabón
        lightning: relámpagos a lo lejos; film_grain: grano de película; old_film: como película antigua
        black_and_white: en blanco y negro; sepia: tono sepia; teal_orange: turquesa y naranja; vignette: viñeta suave
        letterbox: franjas negras; vhs: aspecto VHS; glitch: fallo digital; tilt_shift: efecto maqueta
        rack_focus: cambio de foco; depth_of_field: poca profundidad de campo; clouds_drift: las nubes pasan
        water_ripples: el agua ondula; foliage_sways: la hierba se mece; hair_moves: el viento mueve su cabello
        cloth_moves: la cortina ondea
    """,
    "de": """
        golden_hour: goldene Stunde; blue_hour: der Hafen zur blauen Stunde; night: bei Nacht
        sunbeams: Sonnenstrahlen durchs Fenster; lens_flare: Lens Flare; anamorphic_streak: anamorphotische Streifen
        neon_flicker: das Neonschild flackert; candle_flicker: Kerzenlicht; rain: es regnet; snow: es schneit
        fog: dichter Nebel; mist: Morgendunst; dust: Staub in der Luft; embers: Funkenflug; fireflies: Glühwürmchen
        bokeh: Bokeh; petals: Blütenblätter; leaves: fallende Blätter; bubbles: Seifenblasen
        lightning: Blitze am Himmel
        film_grain: Filmkorn; old_film: wie ein alter Film; black_and_white: schwarzweiß; sepia: Sepia
        teal_orange: Türkis und Orange; vignette: leichte Vignette; letterbox: schwarze Balken; vhs: VHS-Look
        glitch: Glitch-Effekt; tilt_shift: Miniaturwelt; rack_focus: der Fokus wandert zur Tür
        depth_of_field: geringe Tiefenschärfe; clouds_drift: Wolken ziehen vorbei
        water_ripples: das Wasser kräuselt sich
        foliage_sways: das Gras wiegt sich; hair_moves: ihr Haar weht im Wind; cloth_moves: der Vorhang flattert
    """,
    "fr": """
        golden_hour: coucher de soleil; blue_hour: le port à l'heure bleue; night: de nuit
        sunbeams: des rayons de soleil par la fenêtre; lens_flare: reflet d'objectif
        anamorphic_streak: traînées anamorphiques; neon_flicker: le néon clignote; candle_flicker: lueur des bougies
        rain: il pleut; snow: il neige; fog: brouillard épais; mist: brume matinale; dust: poussière dans l'air
        embers: des braises; fireflies: des lucioles; bokeh: bokeh; petals: des pétales tombent
        leaves: des feuilles mortes tombent; bubbles: bulles de savon; lightning: éclairs au loin
        film_grain: grain de film; old_film: comme un vieux film; black_and_white: en noir et blanc; sepia: sépia
        teal_orange: bleu canard et orange; vignette: léger vignettage; letterbox: bandes noires; vhs: aspect VHS
        glitch: bug numérique; tilt_shift: effet maquette; rack_focus: bascule de point
        depth_of_field: faible profondeur de champ; clouds_drift: les nuages défilent; water_ripples: l'eau ondule
        foliage_sways: l'herbe ondule dans le vent; hair_moves: ses cheveux flottent au vent
        cloth_moves: le rideau ondule
    """,
    "pt": """
        golden_hour: luz do entardecer; blue_hour: o porto na hora azul; night: à noite
        sunbeams: raios de sol pela janela; lens_flare: reflexo de lente; anamorphic_streak: riscos anamórficos
        neon_flicker: o neon pisca; candle_flicker: luz de velas; rain: começa a chover; snow: está nevando
        fog: nevoeiro denso; mist: névoa da manhã; dust: poeira no ar; embers: brasas; fireflies: vagalumes
        bokeh: luzes em bokeh; petals: pétalas caindo; leaves: folhas de outono caindo; bubbles: bolhas de sabão
        lightning: relâmpagos ao longe; film_grain: granulação de filme; old_film: como um filme antigo
        black_and_white: em preto e branco; sepia: tom sépia; teal_orange: azul-petróleo e laranja
        vignette: vinheta leve
        letterbox: barras pretas; vhs: aspecto de VHS; glitch: falha digital; tilt_shift: efeito maquete
        rack_focus: mudança de foco; depth_of_field: pouca profundidade de campo; clouds_drift: as nuvens passam
        water_ripples: a água ondula; foliage_sways: a relva balança; hair_moves: o cabelo dela balança ao vento
        cloth_moves: a cortina balança
    """,
}


def _cases(tables: dict[str, str], separator: str) -> list[tuple[str, str, str]]:
    """(language, name, prompt) for each entry of the tables."""
    cases = []
    for lang, table in tables.items():
        for entry in table.replace("\n", separator).split(separator):
            name, colon, prompt = entry.strip().partition(": ")
            if colon:
                cases.append((lang, name, prompt))
    return cases


@pytest.mark.parametrize(("lang", "name", "prompt"), _cases(CAMERA_WORDS, "\n"))
def test_a_camera_word_is_the_first_move_of_the_plan(lang: str, name: str, prompt: str) -> None:
    """By the lexicon alone, direction included."""
    planned = plan(prompt, 1, duration_s=5.04)

    assert planned.shots[0].moves[0].name == name, (lang, planned.applied)
    assert planned.source == "prompt"


@pytest.mark.parametrize(("lang", "name", "prompt"), _cases(EFFECT_WORDS, ";"))
def test_an_effect_word_puts_the_effect_and_no_other_into_the_plan(lang: str, name: str, prompt: str) -> None:
    """One word, one effect; a companion is allowed where the prompt names it, too."""
    planned = plan(prompt, 1, duration_s=5.04)

    assert name in {effect.name for effect in planned.shots[0].effects}, (lang, planned.applied)


@pytest.mark.parametrize("tables", [CAMERA_WORDS, EFFECT_WORDS])
def test_each_language_is_asked_for_every_name(tables: dict[str, str]) -> None:
    """A name that is added must be said in eight languages."""
    names = set(CAMERA if tables is CAMERA_WORDS else EFFECTS)
    separator = "\n" if tables is CAMERA_WORDS else ";"

    for lang in tables:
        assert {name for code, name, _ in _cases(tables, separator) if code == lang} == names

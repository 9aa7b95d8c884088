"""Example phrases for camera moves, said without film words, in eight languages, for `nearest.py`.

Written for this file; none is taken from the evaluation prompts. The empty name collects what people say about
things and moods and not about the camera: a prompt nearest to one of those asks for no move.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "push_in": """
        we get nearer and nearer until the face fills the whole picture | her eyes slowly become larger and larger
        顔がだんだん大きくなり画面いっぱいになる | 彼女の瞳へと引き寄せられる
        她的脸慢慢占满整个画面 | 逐渐看清他的眼睛
        얼굴이 점점 커져 화면을 가득 채운다
        cada vez más cerca hasta que el rostro llena la imagen
        das Gesicht wird immer größer, bis es das ganze Bild füllt
        de plus en plus près jusqu'à ce que le visage remplisse l'image
        cada vez mais perto até o rosto encher a imagem
    """,
    "pull_out": """
        the figure becomes smaller and smaller until it is lost in the landscape
        slowly more and more of the room is revealed
        人物がどんどん小さくなり周りの景色が見えてくる
        人物越来越小，周围的风景渐渐展现
        인물이 점점 작아지고 주변 풍경이 드러난다
        la figura se hace cada vez más pequeña y se descubre todo el paisaje
        die Figur wird immer kleiner und die ganze Landschaft kommt zum Vorschein
        la silhouette devient toute petite et le paysage entier se révèle
        a figura fica cada vez menor e a paisagem inteira se revela
    """,
    "dolly_in": """
        as if walking deeper into the forest, past the trunks | we travel down the tunnel
        first person stroll along the path
        森の奥へ歩いて入っていくような視点 | トンネルを抜けていく感じ
        仿佛走进森林深处 | 像是沿着小路向前走
        숲속 깊이 걸어 들어가는 느낌
        como si camináramos hacia el interior del bosque
        als ginge man immer tiefer in den Wald hinein
        comme si l'on marchait au cœur de la forêt
        como se caminhássemos para dentro da floresta
    """,
    "pan_right": """
        like slowly turning your head to look along the horizon
        the eye wanders from one side of the room to the other
        首を回して部屋を見渡すように | 端から端まで景色を眺める
        像转头环顾房间一样 | 从一边看到另一边
        고개를 돌려 방을 둘러보듯이
        como quien gira la cabeza y recorre la sala con los ojos
        als würde man den Kopf drehen und sich im Raum umsehen
        comme si l'on tournait la tête pour parcourir la pièce du regard
        como quem vira a cabeça e percorre a sala com os olhos
    """,
    "truck_right": """
        as if passing by on rails, the shop windows go by one after another
        店先が次々と横に通り過ぎていくような移動
        像坐车经过一样，店铺一间间从旁边掠过
        가게들이 하나씩 옆으로 스쳐 지나가는 느낌
        como si pasáramos de largo y los escaparates desfilaran uno tras otro
        als führe man vorbei, die Schaufenster ziehen eines nach dem anderen vorüber
        comme si l'on passait devant, les vitrines défilent l'une après l'autre
        como se passássemos, as vitrines desfilam uma após a outra
    """,
    "tilt_up": """
        raising our eyes to the top of the tower | looking higher and higher along the tree
        塔のてっぺんまで目を上げる
        抬眼望向塔顶
        탑 꼭대기를 올려다본다
        alzando los ojos hasta la punta de la torre
        den Turm hinauf bis zur Spitze schauen
        lever les yeux jusqu'au sommet de la tour
        erguer os olhos até o topo da torre
    """,
    "tilt_down": """
        lowering our eyes to the floor | looking down at the feet
        足元へ目を落とす
        低头看向脚下
        발치로 눈길을 내린다
        bajando los ojos hasta los pies
        den Blick zu den Füßen senken
        baisser les yeux vers les pieds
        baixando os olhos até os pés
    """,
    "pedestal_up": """
        like a bird taking off and seeing the city from above | higher and higher into the air
        鳥のように舞い上がり街を上から見る
        像鸟一样飞起，从高处看城市
        새처럼 날아올라 도시를 위에서 본다
        como un pájaro que alza el vuelo y ve la ciudad desde arriba
        wie ein Vogel, der aufsteigt und die Stadt von oben sieht
        comme un oiseau qui s'envole et voit la ville d'en haut
        como um pássaro que levanta voo e vê a cidade de cima
    """,
    "orbit_right": """
        see the statue from all sides, going round it | circle the couple once
        像をあらゆる方向から見る、一回りして
        从各个角度看这座雕像，绕它走一圈
        동상을 사방에서 둘러본다
        ver la estatua por todos los lados, dándole la vuelta
        die Statue von allen Seiten zeigen, einmal ringsherum
        voir la statue sous tous les angles, en en faisant le tour
        ver a estátua por todos os lados, dando a volta
    """,
    "handheld": """
        nervous amateur footage, as if someone filmed it while running
        素人が走りながら撮ったような落ち着かない映像
        像有人边跑边拍的不稳定画面
        누군가 뛰면서 찍은 듯 불안정한 영상
        imágenes nerviosas de aficionado, como filmadas corriendo
        unruhige Amateuraufnahme, als hätte jemand im Laufen gefilmt
        images nerveuses d'amateur, comme filmées en courant
        imagens nervosas de amador, como filmadas correndo
    """,
    "static": """
        the picture stays as it is, like a painting | perfectly calm frame, nothing of the view changes
        絵画のように画面はそのまま
        画面保持原样，像一幅画
        그림처럼 화면은 그대로
        la imagen permanece tal cual, como un cuadro
        das Bild bleibt, wie es ist, wie ein Gemälde
        l'image reste telle quelle, comme un tableau
        a imagem fica como está, como uma pintura
    """,
    "follow": """
        stay with the runner wherever she goes | we keep right at his heels
        走者にずっと寄り添って進む
        一直陪着跑步的人前进
        달리는 사람 곁을 계속 지킨다
        no perder de vista a la corredora, ir con ella
        immer bei der Läuferin bleiben, wohin sie auch läuft
        rester avec la coureuse où qu'elle aille
        não largar a corredora, ir com ela
    """,
    "": """
        a beautiful photo of a woman | the man smiles and waves | cinematic, photorealistic, 4k
        rain in the city at night
        a car drives along the street | the dog jumps and runs | soft warm light, calm mood
        leaves fall, wind in the trees
        make it look like an old film | the child turns around and laughs | bring this picture to life
        女性が微笑む | 猫があくびをする | 映画のような雰囲気、高画質 | 静かな夜、雨 | 写真を動かして
        女孩微笑着眨眼 | 汽车驶过 | 电影感，高清 | 夜晚下雨的街道 | 让照片动起来
        여자가 미소 짓는다 | 영화 같은 분위기, 고화질 | 비 오는 밤거리 | 사진을 움직이게
        la mujer sonríe | un perro corre | ambiente cinematográfico, alta calidad | lluvia de noche
        die Frau lächelt | ein Hund rennt | filmische Stimmung, hohe Qualität | Regen bei Nacht
        la femme sourit | un chien court | ambiance cinématographique, haute qualité | pluie la nuit
        a mulher sorri | um cachorro corre | clima cinematográfico, alta qualidade | chuva à noite
    """,
}

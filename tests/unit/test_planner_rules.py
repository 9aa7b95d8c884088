"""What the planner makes of negation, degree, shots, contradictions and things that nobody can do."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutoscope.engines.parallax import nearest
from mutoscope.engines.parallax.planner import plan
from mutoscope.engines.parallax.shots import CAMERA, EFFECTS, MAX_MOVES, MAX_SHOTS, Plan


@pytest.fixture(autouse=True)
def _lexicon_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the optional encoder is installed."""
    monkeypatch.setattr(nearest, "is_available", lambda: False)


def planned(prompt: str, seed: int = 1, duration_s: float = 5.04) -> Plan:
    return plan(prompt, seed, duration_s=duration_s)


def camera(prompt: str) -> list[str]:
    """Names of all moves in the order of the shots."""
    return [move.name for shot in planned(prompt).shots for move in shot.moves]


def effects(prompt: str) -> set[str]:
    return {effect.name for shot in planned(prompt).shots for effect in shot.effects}


# --- negation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        "no camera movement, the water flows",
        "The camera does not move. Clouds drift across the sky.",
        "without any camera motion",
        "カメラは動かない。雲が流れる",
        "カメラを動かさずに、雨",
        "镜头不动，湖水荡漾",
        "没有镜头运动",
        "鏡頭固定不動",
        "카메라 움직임 없이 구름만 흘러간다",
        "sin movimiento de cámara, las olas rompen",
        "la cámara no se mueve",
        "ohne Kamerabewegung, Wolken ziehen",
        "die Kamera bewegt sich nicht",
        "sans mouvement de caméra",
        "la caméra ne bouge pas, l'eau ondule",
        "sem movimento de câmera",
        "a câmera não se move",
    ],
)
def test_a_camera_that_must_not_move_is_static(prompt: str) -> None:
    """Negated movement is a request, not the absence of one."""
    assert camera(prompt) == ["static"]


@pytest.mark.parametrize(
    "prompt",
    [
        "pan left, without rain",
        "pan left. no rain, snow or fog",
        "pan left, rain-free",
        "左にパン。雨なし",
        "左にパン、雨も霧もなし",
        "左にパン。雨は降らない",
        "镜头左摇，不要下雨",
        "镜头左摇，没有雨，没有雾",
        "왼쪽으로 팬, 비 없이",
        "왼쪽으로 팬, 비도 안개도 없이",
        "panorámica a la izquierda, sin lluvia ni niebla",
        "Schwenk nach links, ohne Regen",
        "Schwenk nach links, kein Regen und kein Nebel",
        "panoramique à gauche, sans pluie ni brouillard",
        "panoramique à gauche, pas de pluie",
        "panorâmica para a esquerda, sem chuva nem nevoeiro",
    ],
)
def test_a_refused_effect_is_left_out(prompt: str) -> None:
    """ "No" reaches to the end of the list, and stops at the camera."""
    assert effects(prompt) == set()
    assert camera(prompt) == ["pan_left"]


def test_a_refused_move_is_not_chosen_by_the_seed_either() -> None:
    """ "No dolly" alone leaves the choice open, but not that one."""
    for seed in range(30):
        plan = planned("no dolly, no push in", seed)
        assert plan.source == "default"
        assert not {"dolly_in", "dolly_out", "push_in"} & {move.name for move in plan.shots[0].moves}


def test_a_refusal_ends_where_the_next_wish_begins() -> None:
    """Only the zoom is refused."""
    assert camera("no zoom, pan left") == ["pan_left"]
    assert camera("Don't zoom. Dolly out quickly.") == ["dolly_out"]


# --- degree -----------------------------------------------------------------------------------------------------------


def strength(prompt: str) -> float:
    return planned(prompt).shots[0].moves[0].strength


@pytest.mark.parametrize(
    ("weak", "plain", "strong"),
    [
        ("slow pan left", "pan left", "fast pan left"),
        ("very slow zoom in", "slow zoom in", "very fast zoom in"),
        ("ゆっくり左へパン", "左へパン", "素早く左へパン"),
        ("镜头缓慢左移", "镜头左移", "镜头快速左移"),
        ("천천히 줌인", "줌인", "빠르게 줌인"),
        ("zoom in lento", "zoom in", "zoom in rápido"),
        ("langsamer Schwenk nach links", "Schwenk nach links", "schneller Schwenk nach links"),
        ("zoom avant lent", "zoom avant", "zoom avant rapide"),
        ("zoom lento no rosto", "zoom no rosto", "zoom rápido no rosto"),
    ],
)
def test_degree_words_steer_the_strength(weak: str, plain: str, strong: str) -> None:
    """Slow is less than plain, plain less than fast, and all within bounds."""
    assert 0.25 <= strength(weak) < strength(plain) < strength(strong) <= 2.0


def test_very_stacks_up_to_the_bounds() -> None:
    """However often it is said."""
    assert strength("very very very very slow pan left") == pytest.approx(0.25, abs=0.03)
    assert strength("very very very very fast pan left") == 2.0


def test_each_degree_word_belongs_to_what_stands_next_to_it() -> None:
    """The rain is heavy, the pan is slow, and the walk is nobody's business."""
    plan = planned("slow pan left, heavy rain, a man walks quickly")

    assert plan.shots[0].moves[0].strength == 0.5
    assert plan.shots[0].effects[0].strength == 1.6


# --- shots ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        "shot 1: pan left. shot 2: zoom in",
        "pan left, cut to zoom in",
        "镜头1：左摇 镜头2：变焦放大",
        "ショット1：左へパン。ショット2：ズームイン",
        "샷 1: 왼쪽으로 팬. 샷 2: 줌인",
        "plano 1: paneo a la izquierda. plano 2: zoom in",
        "Einstellung 1: Schwenk nach links. Einstellung 2: heranzoomen",
        "plan 1 : panoramique à gauche. plan 2 : zoom avant",
        "cena 1: panorâmica à esquerda. cena 2: zoom in",
    ],
)
def test_numbered_shots_and_cuts_split_the_clip(prompt: str) -> None:
    """Two shots, a cut between them, a camera each."""
    plan = planned(prompt)

    assert [[move.name for move in shot.moves] for shot in plan.shots] == [["pan_left"], ["zoom_in"]]
    assert plan.shots[1].is_cut
    assert (plan.shots[0].start, plan.shots[0].end, plan.shots[1].end) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    "prompt",
    [
        "pan left, then zoom in",
        "The camera pans left. Suddenly it zooms in.",
        "pan left; after that zoom in",
        "镜头左摇，然后变焦放大",
        "镜头左摇，突然放大",
        "鏡頭左搖，接著變焦放大",
        "左へパン。その後ズームイン",
        "左へパン、突然ズームイン",
        "左へパンし、次にズームイン",
        "왼쪽으로 팬, 그다음 줌인",
        "paneo a la izquierda, luego zoom in",
        "paneo a la izquierda y entonces zoom in",
        "Schwenk nach links, dann heranzoomen",
        "Schwenk nach links, plötzlich Zoom auf das Gesicht",
        "panoramique à gauche puis zoom avant",
        "panoramique à gauche, soudain zoom avant",
        "panorâmica à esquerda, depois zoom in",
    ],
)
def test_time_words_begin_a_new_shot_without_a_cut(prompt: str) -> None:
    """The camera goes on from where it was."""
    plan = planned(prompt)

    assert [[move.name for move in shot.moves] for shot in plan.shots] == [["pan_left"], ["zoom_in"]]
    assert not plan.shots[1].is_cut


def test_an_effect_behind_a_time_word_begins_there() -> None:
    """Lightning strikes in the second half; the camera goes on."""
    plan = planned("slow push in, suddenly lightning strikes")

    assert [len(shot.effects) for shot in plan.shots] == [0, 1]
    assert plan.shots[0].moves == plan.shots[1].moves


def test_a_look_belongs_to_the_whole_clip() -> None:
    """Wherever it is said."""
    plan = planned("pan left, then zoom in. Film grain.")

    assert all("film_grain" in {effect.name for effect in shot.effects} for shot in plan.shots)


def test_times_in_the_prompt_are_kept() -> None:
    """ "0-2s" and "2-5s" of five seconds."""
    plan = planned("0-2s: pan left. 2-5s: zoom in", duration_s=5.0)

    assert [shot.end for shot in plan.shots] == [0.4, 1.0]


def test_more_shots_than_the_clip_has_room_for_are_ignored() -> None:
    """A second of clip has room for two."""
    plan = planned("pan left, then zoom in, then tilt up, then zoom out", duration_s=1.0)

    assert len(plan.shots) == 2
    assert any("too short" in line for line in plan.ignored)


# --- what contradicts itself, and what nobody can do ------------------------------------------------------------------


def test_of_two_opposite_moves_the_first_counts() -> None:
    """And the second is named."""
    plan = planned("zoom in while zooming out")

    assert [move.name for move in plan.shots[0].moves] == ["zoom_in"]
    assert "camera: zoom out (contradicts what comes before it)" in plan.ignored


def test_static_counts_only_where_nothing_else_is_asked() -> None:
    """A static shot that pans is a pan."""
    plan = planned("static shot, pan left")

    assert [move.name for move in plan.shots[0].moves] == ["pan_left"]
    assert any("static" in line for line in plan.ignored)


def test_a_ride_against_a_zoom_is_a_dolly_zoom() -> None:
    """The camera goes in, the lens goes out."""
    assert camera("dolly in while zooming out") == ["dolly_zoom_in"]


def test_scenery_that_slides_by_is_a_camera_that_travels_the_other_way() -> None:
    """As from a train."""
    assert camera("the landscape slides past to the left, as if seen from a train window") == ["truck_right"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a car glides down the street", "car glides"),
        ("pedestrians walk by", "pedestrians walk"),
        ("A dragon glides over the lake", "dragon glides"),
        ("镜头推近，行人走动", "行人走动"),
        ("車が走る", "車が走"),
        ("여자가 걷는다. 줌인", "여자가 걷는"),
        ("una mujer camina", "mujer camina"),
        ("ein Mann läuft vorbei", "Mann läuft"),
        ("une femme danse", "femme danse"),
        ("um homem caminha", "homem caminha"),
    ],
)
def test_object_motion_is_reported_and_moves_no_camera(prompt: str, words: str) -> None:
    """In the caller's own words."""
    plan = planned(prompt)

    assert any(line.startswith("object motion: ") and words in line for line in plan.ignored), plan.ignored
    assert not {"truck_left", "truck_right", "pedestal_up", "follow"} & {
        move.name for move in plan.shots[0].moves[:1]
    } or (plan.source == "default")


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("with epic music", "sound"),
        ("she morphs into a bird", "morphing"),
        ("a ghost appears", "new objects"),
        ("in slow motion", "slow motion"),
        ("音楽と共に", "sound"),
        ("人物对话", "dialogue"),
    ],
)
def test_what_is_known_but_not_done_is_said(prompt: str, word: str) -> None:
    """Rather than silently dropped."""
    assert any(line.startswith(word) for line in planned(prompt).ignored), planned(prompt).ignored


def test_a_prompt_that_names_nothing_gets_a_gentle_camera_by_the_seed() -> None:
    """Always the same for a seed, not the same for all."""
    plans = {planned("a quiet house", seed).shots for seed in range(20)}

    assert planned("", 7) == planned("", 7)
    assert planned("", 7).source == "default"
    assert len(plans) > 1
    assert all("(chosen by the seed)" in line for line in planned("", 7).applied)


def test_what_is_applied_is_told_in_words() -> None:
    """The same words whatever the language of the prompt."""
    assert planned("ゆっくり右へ横移動、夕焼け").applied == ("camera: slow truck to the right", "light: golden hour")


# --- any text at all --------------------------------------------------------------------------------------------------

_WORDS = (
    "camera pan left right zoom in out no not very slow fast then suddenly shot 1 2 : . , rain the a カメラ 右 へ パン "
    "しない 镜头 推近 不要 然后 카메라 줌인 없이 비가 sin lluvia und nicht Regen d'un l' 0-2s \n … ＺＯＯＭ ﷽ \u0301"
)
_PIECES = st.sampled_from(_WORDS.split(" "))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=60).map(" ".join)), st.integers(0, 5))
def test_any_text_gives_a_valid_plan(prompt: str, seed: int) -> None:
    """It never raises, every name is known, every strength within bounds, and the JSON reads back."""
    for duration_s in (0.08, 5.04):
        plan = planned(prompt, seed, duration_s)

        assert 1 <= len(plan.shots) <= MAX_SHOTS
        assert plan.shots[0].start == 0.0
        assert plan.shots[-1].end == 1.0
        for shot, following in zip(plan.shots, [*plan.shots[1:], None], strict=True):
            assert shot.start < shot.end
            assert following is None or following.start == shot.end
            assert 1 <= len(shot.moves) <= MAX_MOVES
            assert {move.name for move in shot.moves} <= set(CAMERA)
            assert {effect.name for effect in shot.effects} <= set(EFFECTS)
            strengths = [move.strength for move in shot.moves] + [effect.strength for effect in shot.effects]
            assert all(0.25 <= strength <= 2.0 for strength in strengths)
        assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt",
    [
        "a" * 10_000,
        "the " * 2_500,
        "no " * 3_333,
        "very slow " * 1_000,
        "pan left " * 1_111,
        "カメラが" * 2_500,
        "雨" * 10_000,
        "不要" * 5_000,
        "1:" * 5_000,
        "0-" * 5_000,
        "shot 1 " * 1_400,
        "(" * 10_000,
        "\n" * 10_000,
        "d'" * 5_000,
        "hair and " * 1_111,
    ],
    ids=lambda prompt: prompt[:8].strip() or "newlines",
)
def test_ten_thousand_characters_are_read_in_no_time(prompt: str) -> None:
    """Twice the text takes at most about twice the time: no pattern explodes, and what is not read is said."""

    def seconds(text: str) -> float:
        started = time.process_time()
        planned(text)
        return time.process_time() - started

    planned(prompt)
    half, whole = (min(seconds(text) for _ in range(3)) for text in (prompt[:2_000], prompt[:4_000]))

    assert "everything beyond the first 4000 characters" in planned(prompt).ignored
    assert whole < 1.0  # 0.05 on a quiet machine
    assert whole < 5 * half + 0.2


def test_words_of_degree_reach_over_their_comma() -> None:
    """The reference page's own prompt begins so; a sweeping move is no fast one."""
    found = plan("A slow, sweeping tracking shot to the right.", 7, duration_s=5.0)
    assert [(move.name, move.strength) for shot in found.shots for move in shot.moves] == [("truck_right", 0.5)]


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("Tracking shot, old library, dust in the air.", {"truck_left", "truck_right"}),
        ("A slow tracking shot along the shelves", {"truck_left", "truck_right"}),
        ("Tracking shot, a cyclist rides through the town", {"follow"}),
        ("Tracking shot of a cyclist", {"follow"}),
        ("Tracking shot to the left", {"truck_left"}),
        ("Tracking shot through the forest", {"dolly_in"}),
        ("トラッキングショット、古い図書館", {"truck_left", "truck_right"}),
    ],
)
def test_a_tracking_shot_goes_along_with_what_moves_or_past_what_stands(prompt: str, moves: set[str]) -> None:
    """As the crew would lay the rails; the side is the seed's."""
    for seed in range(4):
        (move,) = plan(prompt, seed, duration_s=5.0).shots[0].moves
        assert move.name in moves

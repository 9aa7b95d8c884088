"""English."""

from __future__ import annotations

from mutoscope.engines.parallax.lexicon.words import Language

ENGLISH = Language(
    code="en",
    empty="a an the its his her their our your my completely perfectly absolutely totally entirely utterly",
    plain="""of in on at to by from with for into through across over past along as it and while then now so
    this that is are be being been there here we you us let lets please make have has should will would can must
    begin begins start starts starting beginning try use using do does keep keeps continue continues ever just
    only all also very still more s one same time moment point motion movement move effect cinematic beautiful
    beautifully elegant elegantly dynamic during which who before after meanwhile when where finally""",
    typical="""the and with of is while slowly camera as she he her his from through into over at for behind
    light no without shot""",
    words={
        # --- who acts -----------------------------------------------------------------------------------------------
        "camera": """camera* | shot | shots | lens | lenses | view | viewpoint | point of view | perspective
        | pov | frame | framing | drone | viewer | our gaze | cinematography | steadicam | gimbal | footage
        | video | clip | we see | cam | crane camera""",
        "camera:gaze": "gaze | our eyes | eye level | eyeline | eyes travel",
        "it": "it",
        "scenery": "world | scenery | landscape | countryside | houses | facades | buildings | street | fields",
        "ride": """train window | car window | bus window | tram window | from train | window of train
        | window of car | from moving car | side window | passenger window | as if riding | from a train
        | passenger seat""",
        "thing": """cars | car | pedestrian* | people | person | man | men | woman | women | girl* | boy*
        | child | children | kid* | crowd* | couple* | dog* | cat* | bird* | horse* | boat* | ship* | train*
        | tram* | bus | buses | bicycle* | bike* | cyclist* | plane* | vehicle* | traffic | she | he | they
        | smoke | steam | shadow* | eyes | lips | hand | hands | head | dancer* | runner* | butterfl* | fish
        | wheel | wheels""",
        # --- camera moves -------------------------------------------------------------------------------------------
        "move:pan": """pan | pans | panning | panned | pan shot | panning shot | camera pan | panoramic sweep
        | panoramic shot | pan across | pans across | panning across | sweeping pan | swivel* | swing* around to""",
        "maybe:pan": "sweep | sweeps | scan | scans | scanning | swings | swing",
        "move:tilt": "tilt | tilts | tilting | tilted | camera tilt | tilt shot",
        "move:tilt:up": """look up | looks up | looking upward* | pan upward* | tilt skyward | pan* skyward
        | tilts skyward""",
        "maybe:tilt:down": "looks down | looking down | gazes down | aims down | points down",
        "maybe:tilt:up": "looks up | looking up | gazes up | aims up | points up | cranes upward",
        "move:roll": """dutch tilt | dutch angle | dutch roll | barrel roll* | camera roll | roll shot | canted
        | rolls on its axis | roll around its axis | rotates on its axis | rotate on its axis
        | spins on its axis | camera rolls | tilts sideways | tilting sideways | rolls sideways | roll sideways
        | horizon tips | horizon tilts | horizon rolls | horizon turns | horizon slants | tilted horizon
        | tilting horizon | crooked horizon""",
        "maybe:roll": "roll | rolls | rolling | twist | twists | twisting",
        "move:zoom": "zoom | zooms | zooming | zoomed | zoom shot | optical zoom | zoom lens",
        "move:zoom:in": """zoom in | zooms in | zooming in | zoom-in | crash zoom | snap zoom | punch in
        | punches in | zoom close* | zooms close* | zooming close* | tighten* focal | lens tightens
        | increasing focal length | increase* in magnification | magnif* | lens zooms | tight zoom""",
        "move:zoom:out": "zoom out | zooms out | zooming out | zoom back | zooms back | zooming back | lens widens",
        "move:dolly": """dolly | dollies | dollying | dolly shot | dolly move* | dolly camera | camera dolly
        | travelling shot""",
        "move:dolly:in": """dolly in | dollies in | dollying in | track in | tracks in | tracking in | truck in
        | tracking forward* | track forward* | tracks forward* | forward tracking | forward dolly | trucks in
        | fly through | flies through | flying through | flythrough | fly-through | flyover | fly over
        | flies over | flying over | fly-over | flight through | moving shot through
        | tracking shot moves through | walkthrough | walk-through | forward movement | forward motion
        | forward camera | advance* through | venture* | journey* through | journey* into | inch* forward
        | inch* closer | inches toward* | edge* forward | edges closer | edging closer""",
        "move:dolly:out": """dolly out | dollies out | dollying out | dolly back* | dollies back*
        | dollying back* | track out | tracks out | track back* | tracks back* | tracking back*
        | backward* tracking | backward* dolly | reverse dolly | reverse tracking | backward movement
        | backward* motion | track away | dolly away | dollies away | tracks away | trucks out | trucks back*""",
        "maybe:dolly:in": """moves through | moving through | travels through | travel through | glides through
        | floats through | drifts through | walks through | walking through | walk through | advance | advances
        | advancing | enter* through | penetrate* | plunge* into | dive* into | delve* into | descends into""",
        "maybe:dolly:out": """retreat | retreats | retreating | recede | recedes | receding | withdraw
        | withdraws | withdrawing | backs up | backing up | backs off""",
        "move:track": "tracking shot | tracking | tracks | track shot | tracking camera | tracking move*",
        "move:truck": """truck shot | trucking shot | trucking | trucks | camera truck | lateral tracking
        | lateral track* | lateral dolly | lateral move* | sideways dolly | sideways tracking | sideways move*
        | sideways glide | side tracking | side-tracking | side scroll* | sidescroll* | crab shot | crabs
        | crabbing | slider shot | slider move* | slides sideways | glides sideways | moves sideways
        | lateral slide | lateral shift | tracks sideways | moves laterally | glides laterally
        | slides laterally | tracks laterally | lateral glide | parallax slide | parallax move* | sideways
        | laterally | lateral | crab""",
        "maybe:truck": "truck | track | slide | slides | sliding | strafe | strafes | strafing | sidestep*",
        "move:pedestal": """pedestal | pedestals | ped | crane shot | crane move* | crane | jib | jib shot
        | boom shot | jib move* | booms | elevator shot | vertical move* | vertical tracking | craning""",
        "move:pedestal:down": """we are lowered | crane down* | cranes down* | craning down* | jib down* | boom down*
        | booms down* | pedestal down* | pedestals down* | descending shot | descending camera
        | descending crane | descending drone | downward crane | lowering shot""",
        "move:pedestal:up": """crane up* | cranes up* | craning up* | jib up* | boom up* | booms up*
        | pedestal up* | pedestals up* | rising shot | rising crane | rising camera | ascending shot
        | ascending camera | rising drone | ascending drone | upward crane | upward pedestal | rising aerial
        | cranes above""",
        "maybe:pedestal:down": """descend | descends | descending | lower | lowers | lowering | sink | sinks
        | sinking | drops | drop | dropping | dips | dip""",
        "maybe:pedestal:up": """rise | rises | rising | ascend | ascends | ascending | lift | lifts | lifting
        | elevate* | elevating | climb | climbs | climbing | levitate* | soars up* | soaring up* | soars
        | soaring | soar | lifts off""",
        "move:orbit": """full 360 | 360 around | orbit | orbits | orbiting | orbital | orbit shot
        | orbital shot | circle shot
        | circling shot | 360 degree* | 360° | 360 rotation | 360 spin | 360 turn | full rotation around
        | revolve* around | revolving around | turntable | rotate* around | rotating around | circle* around
        | circling around | wrap* around | circular move* | circular camera | circular tracking | circular dolly
        | bullet time | rotating shot | encircle*""",
        "maybe:orbit": """circle | circles | circling | 360 | spin* around | spinning around | moves around
        | move around | moving around | goes around | travels around | glides around | swings around
        | swing around | swirl* around | sweeps around | flies around | walks around | turns around""",
        "maybe:rotate": """revolve | revolves | revolving | rotate | rotates | rotating | turns | turning | spin
        | spins | spinning""",
        "move:arc": """arc shot | arc | arcs | arcing | arced | curve* around | curving around | curved move*
        | curved path | curved dolly | curved tracking | semicircle | semi-circle | half circle | half-circle
        | semicircular | crescent path | sweeping curve | gentle curve | curving path""",
        "maybe:arc": "curves | curving",
        "move:push:in": """push in* | pushes in* | pushing in* | pushed in* | push-in* | push closer
        | pushes closer | pushing closer | push forward* | pushes forward* | pushing forward* | push toward*
        | pushes toward* | pushing toward* | slow push | gentle push | camera push | push slowly in* | push shot
        | pushes slowly in* | pushes gently in* | moves in close* | moving in close* | move in close*
        | creep* in on | creeping in on | creeps in | creep in | creep* toward* | creeping toward*
        | creeps closer | creep closer | creeping closer | slow creep | approach | intimate approach
        | inch by inch toward | inch by inch""",
        "maybe:push:in": """push | pushes | pushing | close* in on | homes in | hones in | zeroes in
        | zero* in on | leans in | approaches | approaching | near* toward* | closes in | closing in | close in
        | comes closer | gets closer | getting closer | moves in on""",
        "move:pull:out": """pull back* | pulls back* | pulling back* | pull out* | pulls out* | pulling out*
        | pull away | pulls away | pulling away | pull-back* | pull-out | pullback | pullout | pulled back
        | pull slowly back | slow pull | pull back to reveal | pull-away | pulls slowly back*
        | pulls slowly away | pulls gently back* | pulls steadily back*""",
        "maybe:pull:out": """pull | pulls | pulling | eases back | draws back | drawing back | steps back
        | stepping back | back* away""",
        "move:dolly_zoom": """dolly zoom | dolly-zoom | dollyzoom | zolly | vertigo effect | vertigo shot
        | vertigo zoom | hitchcock zoom | hitchcock effect | trombone shot | contra zoom | contra-zoom
        | zoom dolly | vertigo-style | vertigo style | hitchcock-style | dolly and zoom | jaws shot
        | jaws effect | push-pull effect | hitchcock* | vertigo""",
        "move:dolly_zoom:in": """dolly in zoom out | dolly zoom in | background recedes | background stretches
        | background falls away | background rushes away""",
        "move:dolly_zoom:out": """dolly out zoom in | dolly zoom out | background closes in
        | background rushes toward* | background looms | background compress*""",
        "move:handheld": """handheld | hand-held | hand held | shaky | shaky cam* | shakes | camera shake
        | camera shakes | shaky footage | wobbly camera | jittery camera | shoulder-mounted | shoulder mounted
        | shoulder cam* | documentary style camera | documentary-style camera | natural camera shake
        | camera jitter | camera wobble* | body cam* | found footage | slight shake | subtle shake | run and gun
        | camera trembles | guerrilla style | shaking camera | camera sway | camera tremor | first-person shake
        | held by hand | by hand | filmed by hand | phone footage | camcorder shake""",
        "maybe:handheld": """shake | shaking | trembles | tremble | wobble | wobbles | wobbling | jitters
        | jitter | sways | swaying | bounces | breathes | breathing | bobs""",
        "move:static": """static | static shot | static camera | static frame | fixed camera | fixed shot
        | fixed frame | stationary camera | stationary shot | locked off | locked-off | lockedoff | locked down
        | locked-down | locked camera | locked shot | lock off | tripod | tripod shot | still camera
        | still shot | still frame | motionless camera | camera stays still | camera remains still
        | camera stays fixed | camera stays put | camera remains fixed | camera holds still
        | camera holds steady | camera holds | holds on | hold on | hold shot | hold still | hold frame
        | camera stands still | camera does not move | camera doesn t move | unmoving camera | camera is still
        | camera is fixed | camera is static | camera is locked | frame is locked | frame stays
        | camera never moves | camera stays motionless | camera stays perfectly still | camera completely still
        | camera absolutely still | fixed position | fixed angle | fixed view* | stationary | static framing
        | static composition | fixed lens | fixed tripod | camera stays exactly | camera stays in place
        | camera stays where | nailed down | camera stays locked | framing stays | frame holds
        | framing does not change | framing holds | frame does not move | frame doesn t move | camera rests
        | shot does not move | nothing moves but | camera work: none""",
        "maybe:static": """still | motionless | stays still | remains still | remains motionless | remains fixed
        | stays fixed | stays put | fixed | locked | unmoving | immobile | stays where it is | stays in place
        | remains in place | remains stationary | stands still | freezes | not budge | doesn t budge
        | steady hold | remains steady | stays perfectly still | holds its position | holds position
        | holds still | frozen | perfectly still | completely still | absolutely still | hold completely still
        | hold still | hold perfectly still | hold steady | stays | holds | hold | remains | lingers | rests on""",
        "move:follow": """following shot | follow shot | follow-shot | follow cam* | follow-cam* | chase cam*
        | chase shot | follow subject | follows subject | following subject | follow from behind
        | camera follows | camera following | follow along | follows along | tracking alongside
        | tracks alongside | tracks with | tracking with | moves alongside | moving alongside | moves with
        | tracks subject | tracking subject | keeps pace | keeping pace | keep pace | trailing shot
        | steadicam follow* | follows from behind | tracking shot follow* | tracking shot of
        | tracking shot alongside | tracks him | tracks her | tracks them | tracking him | tracking her
        | tracking them | keep* subject centred | keep* subject centered | walks alongside | runs alongside
        | travels alongside | glides alongside | slides alongside | tracking shot behind | tracks behind
        | alongside | close behind | right behind | just behind | stays behind | stays right behind | sticks to
        | glued to | keeps up with | at her side | at his side | beside him | beside her | over his shoulder as
        | at same pace | in step with | walking beside | along behind | runs behind | rides behind | walk behind
        | walks behind | close on heels | on his heels | on her heels | at heels""",
        "maybe:follow": """follow | follows | following | chase | chases | chasing | trail | trails | trailing
        | accompan* | pursues | pursuing | pursue | stays with | staying with | stay with""",
        "move:whip": """whip pan* | whip-pan* | whippan* | swish pan* | swish-pan* | flash pan* | whip | whips
        | whip shot | whip around | whips around | snap pan* | whipping | smash pan* | whip-crack pan
        | whip tilt | zip pan* | whip transition | blur pan | quick snap | snaps to | snap to | jerks to
        | whiplash""",
        "maybe:go": """move | moves | moving | movement | motion | go | goes | going | come | comes | coming
        | slip | slips | ease | eases | easing | creep | creeps | creeping | inch | inches | inching | shift
        | shifts | shifting | step | steps | stepping | dash* | head | heads | heading | speed | speeds
        | speeding | surge* | plunge* | nudge* | sweep in | edges | edge | dives | swoop*""",
        "maybe:walk": """glide | glides | gliding | drift | drifts | drifting | travel | travels | travelling
        | traveling | float | floats | floating | fly | flies | flying | cruise* | cruising | wander* | walk
        | walks | walking | run | runs | running | rush | rushes | rushing | race | races | racing | sail
        | sails | sailing | hover* | roam* | stroll* | strolling | meander* | soars over | crawl | crawls
        | crawling""",
        "maybe:turn": """turn | turns | turning | pivot | pivots | pivoting | look | looks | looking | gaze
        | gazes | point | points""",
        # --- directions ---------------------------------------------------------------------------------------------
        "way:left": """left | leftward* | to left | left side | left hand side | left-hand side | right to left
        | from right to left | towards left | screen left | stage left | port side | camera left""",
        "way:right": """right | rightward* | to right | right side | right hand side | right-hand side
        | left to right | from left to right | towards right | screen right | starboard | camera right""",
        "way:up": """upward* | up | skyward* | up to sky | toward sky | heavenward | bottom to top
        | from bottom to top | overhead | up into sky | to sky | into sky | high above | up above
        | vertically upward* | above | ground to sky | to ceiling""",
        "way:down": """downward* | down | top to bottom | from top to bottom | toward ground | to ground
        | to floor | earthward* | toward floor | sky to ground | to street level | ground level | toward earth""",
        "way:in": """forward* | into | inward* | through | ahead | onward* | down street | down road | down path
        | down corridor | down hallway | down hall | down alley* | down aisle | down river | down lane
        | down tunnel | up street | up path | up road | up stairs | in on | in toward* | deep into | deeper
        | deeper into | over rooftops | over city | over landscape | over valley | over forest | over sea
        | over water | over lake | over hills | over mountains | over town | along path | along road
        | along street | along corridor | along river | down tracks | along tracks | along pier | down pier
        | in toward | in and in""",
        "way:out": "backward* | outward* | back and away | out and away | in reverse | further back",
        "way:around": """around | all around | in circle | full circle | round | around subject | 360 degrees
        | circular path | in circles""",
        "way:clockwise": "clockwise | clock-wise",
        "way:anticlockwise": """counterclockwise | counter clockwise | counter-clockwise | anticlockwise
        | anti clockwise""",
        "way:closer": """closer | nearer | toward | towards | up close | in close* | up to her face
        | onto her face | near | close to""",
        "way:away": "away | away from | further away | farther away | back away | far from",
        "way:part": """half | halfway | quarter | 45 degrees | 90 degrees | 180 degrees | 45° | 90° | 180°
        | partway | partial | half circle | half-circle""",
        "near:in": "in",
        "near:out": "out | back",
        # --- how ----------------------------------------------------------------------------------------------------
        "degree:0.5": """slow | slowly | slight | slightly | gentle | gently | subtle | subtly | soft | softly
        | small | tiny | calm | calmly | leisurely | barely | faint | faintly | delicate | delicately | lightly
        | light rain | light snow* | light fog | light mist | light dust | light breeze | light wind
        | light film grain | light grain | light vignette | light drizzle | light haze | mild | mildly | minimal
        | minute | almost imperceptibl* | imperceptibl* | tender | tenderly | a touch of | touch of | hint of
        | a little | little | a bit | thin | lazy | lazily | quiet | quietly | relaxed | sparse | restrained
        | unhurried | hardly | scarcely | low-key | understated | whisper of | inch by inch | micro | soothing
        | serene | meditative | languid* | weightless*""",
        "degree:0.7": """gradual | gradually | steady | steadily | measured | graceful | gracefully | moderate
        | moderately""",
        "degree:1.6": """fast | faster | quick | quickly | rapid | rapidly | swift | swiftly | dramatic
        | dramatically | strong | strongly | violent | violently | aggressive | aggressively | big
        | large | huge | energetic | energetically | heavy | heavily | intense | intensely | thick | dense
        | powerful | powerfully | massive | wild | wildly | furious | furiously | frantic | frantically | hard
        | sharp | sharply | bold | boldly | hectic | pronounced | large amplitude | with large amplitude
        | torrential | pouring | wide arc | deep | harsh | explosive | explosively | breakneck | urgent
        | urgently | chaotic | chaotically | vigorous* | brisk | briskly | lots of | vivid | at speed
        | high-speed | high speed | at high speed | in a rush | abrupt*""",
        "very": """very | extremely | super | really | incredibly | ultra | exceptionally | so | ever so | too
        | insanely | extreme""",
        "ease:linear": "constant speed | constant pace | uniform speed | linear | linearly | at constant velocity",
        "ease:in": """accelerat* | ease in | ease-in | speeding up | speeds up | gaining speed | picks up speed
        | picking up speed | starts slow*""",
        "ease:out": """decelerat* | ease out | ease-out | slowing down | slows down | slowing to stop
        | comes to rest | coming to rest | settles | slows to halt | eases to stop""",
        "ease:smooth": "smooth | smoothly | fluid | fluidly | ease in and out | silky | seamless*",
        # --- negation and joints ------------------------------------------------------------------------------------
        "not": """no | not | without | never | don t | do not | does not | doesn t | must not | should not
        | avoid | avoiding | zero | free of | free from | nor | isn t | is not | are not | aren t | no more
        | lack of | minus | cannot | can t | won t | absence of | instead of | rather than | neither
        | refrain from | skip""",
        "not_after": "not allowed | not wanted | is forbidden | free",
        "but": "but | only | except | however | yet | just",
        "list": "or | nor | any | either",
        "also": """and | while | as | whilst | plus | when | where | which | who | that | before | because
        | so that | combined with | mixed with | until | revealing | reveals | reveal | to reveal | showing
        | capturing | with | for | by""",
        "from": "from | starting at | starting on | starting from",
        "to": "to | towards | toward",
        "then": """then | and then | suddenly | after that | afterwards | next | finally | followed by | later
        | in the end | subsequently | all of sudden | ending with | ending in | before it | thereafter
        | moments later | at end | eventually | out of nowhere | abruptly | transitioning into
        | transitions into | transition* to""",
        "cut": """cut to | cuts to | cutting to | hard cut | smash cut | jump cut | cut | next shot | new shot
        | match cut""",
        "shot": "shot # | scene # | clip # | shot number # | cut # | part #",
        "skip": """background | in front of | front | at all | right now | right away | in background
        | in foreground | light bulb | backlight | backlit | backdrop | back of | on left | on right | at left
        | at right | in middle | left hand | right hand | left foot | right foot | left eye | right eye
        | left arm | right arm | close up shot | left behind | what is left | all right | snow-capped
        | snow capped | snowcapped | snow-covered | snow covered | upside down | downtown | sit down | sits down
        | sitting down | lies down | wave of | still life | rain-soaked | rain soaked | rain-slicked
        | rain slicked | rainbow | look of | old-look | look like | looks like | night stand | up front
        | roll of | frame of | picture frame | view of | a view of | in view | into view | into frame
        | out of frame | in frame | across frame | across screen | fill* frame | through frame | light brown
        | light blue | light green | deep blue | deep green | deep red | dark blue | hard hat | strong light
        | big city | large room | large window | big window | small town | little girl | little boy | big eyes
        | large eyes | small child | small boat | small house | old man | little house | large tree | big tree
        | small dog | train track* | train tracks | race track | soundtrack | running track | railroad track*
        | follow these | as follows | following prompt | still water | still lake | light source | soft light
        | warm light | soft focus | small village | deep forest | high above | focus on | in focus | same
        | rolling hills | rolling hill | winding down | curved road | fixed gaze | fixed stare | her view
        | push button | pull cord | zoom lens effect | truck driver | pickup truck | fire truck | food truck
        | a truck drives | lens cap | sweeping view* | sweeping vista* | sweeping landscape | snow globe""",
        # --- light, weather, look -----------------------------------------------------------------------------------
        "effect:golden_hour": """golden hour | golden-hour | sunset | sunset light | sunrise | golden light
        | golden sunlight | golden glow | golden evening | magic hour | late afternoon sun
        | late afternoon light | setting sun | sun sets | sun setting | rising sun | evening sun | low sun
        | warm evening light | golden sun | warm sunset | golden afternoon | sundown | golden rays
        | sun-drenched | amber light | warm golden | honeyed light | honey-coloured light | honey-colored light
        | dawn light | golden dawn | golden dusk | late sun | last light of day | golden late | golden tones
        | gilded""",
        "effect:blue_hour": """blue hour | blue-hour | twilight | dusk | at dusk | blue twilight | blue dusk
        | nightfall blue | after sunset | pre-dawn | predawn | before sunrise | cool blue light of evening
        | blue evening | gloaming""",
        "effect:night": """night | at night | nighttime | night time | night-time | nightfall | night falls
        | midnight | moonlight | moonlit | moonlight falls | turn* to night | day to night | day for night
        | day-for-night | night scene | darkness falls | dark night | night look | under moon | moonshine
        | starlit | night mood""",
        "effect:sunbeams": """sunbeam* | sun beam* | god rays | god-rays | godrays | god ray | light shafts
        | light rays | rays of light | shafts of light | beams of light | shafts of sunlight | rays of sunlight
        | sun rays | sunrays | rays of sun | volumetric light* | volumetric rays | crepuscular rays
        | sunlight filter* | sunlight stream* | light streams | sunlight pours | light filter*
        | beams of sunlight | shaft of light | ray of light | ray of sunlight | sunlight break* through
        | sunlight shines through | sun shines through | light beams | streaming sunlight | streaming light
        | sunlight piercing | sunlight slants | slanting light | slanted light | light shaft
        | sun breaks through | dappled sunlight | shafts of sun | shaft of sun* | sun shafts | beam of light
        | beam of sunlight | volumetric sun*""",
        "one:sunbeams": "sunlight | sun | light | daylight | dawn light | moonlight",
        "two:sunbeams": """filter* | stream* | pour* | slant* | pierc* | shaft* | beams | rays | spill*
        | falls through | cutting through | cuts through | breaks through | breaking through | bars | slices
        | stripes | columns""",
        "effect:lens_flare": """lens flare* | lens-flare* | lensflare* | sun flare* | flare | flares | flaring
        | solar flare | light flare*""",
        "one:lens_flare": "lens | sun",
        "two:lens_flare": "flare* | ghosting | glare | halo",
        "effect:anamorphic_streak": """anamorphic | anamorphic streak* | anamorphic flare*
        | anamorphic lens flare* | horizontal flare* | blue streak* | horizontal light streak*
        | horizontal streak* | anamorphic lens* streak* | streak* of anamorphic | horizontal lens flare*
        | streak flare*""",
        "one:anamorphic_streak": "streak* | flare* | line of light | lines of light",
        "two:anamorphic_streak": "horizontal* | anamorphic | blue",
        "effect:neon_flicker": """neon flicker* | flickering neon | neon lights flicker* | neon sign* flicker*
        | neon glow flicker* | buzzing neon | neon buzz* | neon sign* buzz* | neon sign* blink* | blinking neon
        | neon pulse* | pulsing neon | neon sputter* | sputtering neon | neon stutter* | neon lights blink*""",
        "light:neon_flicker": "neon | neon lights | neon sign | neon signs | neon light",
        "effect:candle_flicker": """candle flicker* | flickering candle* | candles flicker*
        | candlelight flicker* | flickering candlelight | candle flame* | candlelight | candlelit | candle-lit
        | candle light | by candle* | candle glow | lantern flicker* | flickering lantern* | flickering torch*
        | torchlight | flickering flame* | firelight | flickering fire* | flame* flicker* | fireplace flicker*
        | fireplace glow | flickering oil lamp""",
        "light:candle_flicker": """candle | candles | lantern | lanterns | torches | torch | fireplace
        | oil lamp | hearth | flame | flames | lamp flame""",
        "effect:rain": """light rain | light drizzle | rain | rains | raining | rainy | rainfall | raindrop*
        | downpour | drizzl* | rainstorm | shower* | cloudburst | rain starts | rain begins | falling rain
        | deluge | thunderstorm | monsoon | rain falls""",
        "effect:snow": """light snow* | snow | snows | snowing | snowfall | snowflake* | snowy | blizzard
        | snowstorm | flurr* | falling snow | snow falls | snow falling | snow drifts""",
        "effect:fog": "light fog | fog | foggy | fogs | fogbank | fog bank | fog rolls in | haar",
        "effect:mist": """light mist | light haze | mist | misty | mists | haze | hazy | misting | morning mist
        | vapour | low mist | mist rises""",
        "effect:dust": """light dust | dust | dusty air | dust mote* | dust particle* | floating dust | motes
        | mote | specks of dust | particles floating | floating particles | particles in air | dust in air
        | airborne dust | specks float* | drifting particles | dust specks | sand storm | sandstorm
        | swirling sand | flecks of dust | dust devil* | blowing sand | dust cloud* | pollen""",
        "effect:embers": """ember | embers | sparks | flying sparks | spark | glowing ash | glowing ashes
        | floating ash | cinders | ash particles | fiery particles | rising sparks""",
        "effect:fireflies": "firefly | fireflies | lightning bug* | glowworm* | glow-worm*",
        "effect:bokeh": """bokeh | bokeh balls | blurred lights | out-of-focus lights | out of focus lights
        | soft light orbs | light orbs | defocused lights | glowing orbs | blurry lights | orbs of light""",
        "one:bokeh": """lights | lamps | lanterns | street lamps | lampposts | headlights | city lights
        | fairy lights | streetlights | light""",
        "two:bokeh": """blurred | blurry | soft circles | discs | disks | blobs | out of focus | defocused
        | melt into | orbs | circles | balls""",
        "effect:petals": """petal | petals | cherry blossoms fall* | cherry blossom* drift* | falling blossom*
        | sakura fall* | blossoms fall* | blossoms drift* | blossoms float* | rose petals | blossom shower
        | blossom* flutter* | cherry blossoms swirl*""",
        "one:petals": "blossoms | blossom | cherry blossoms | sakura | flowers",
        "two:petals": "fall | falls | falling | swirl* | drift* | float* | rain down | flutter* | shower | scatter*",
        "effect:leaves": """falling leaves | leaves fall* | leaf falls | leaves drift* | autumn leaves
        | leaves swirl* | leaves float* | swirling leaves | drifting leaves | blowing leaves | leaves blow*
        | leaves flutter down | leaves tumbl* | falling autumn leaves | leaves come down | leaves rain
        | leaves spiral* | leaves flying | leaves whirl* | fallen leaves swirl* | dead leaves | dry leaves""",
        "one:leaves": "leaves | leaf",
        "two:leaves": """fall | falls | falling | swirl* | drift* | tumbl* | blow* | whirl* | fly | flying
        | spiral* | come down | scatter* | skitter* | raining""",
        "effect:bubbles": "bubble | bubbles | soap bubble* | bubbles rise",
        "effect:lightning": """lightning | lightning bolt* | lightning strike* | lightning flash* | thunderbolt*
        | bolt of lightning | bolts of lightning | thunder and lightning""",
        "effect:film_grain": """light grain | light film grain | film grain | grain | grainy | film-grain
        | grainy film | grainy texture | analog grain | 35mm grain | 16mm grain | 16mm | film texture
        | 35mm film look | 35mm film | celluloid grain""",
        "effect:old_film": """old film | old movie | silent film | silent movie | vintage film | old-film
        | aged film | scratched film | film scratches | super 8 | super-8 | 8mm film | 8mm | 1920s film
        | old-timey film | retro film | antique film | archival footage | newsreel | old home movie | home movie
        | film damage | damaged film | worn film | dust and scratches | scratches and dust | projector
        | vintage movie | film reel | gate weave | old footage | vintage footage | scratches | old celluloid
        | nickelodeon""",
        "one:old_film": "film | footage | movie | reel | print | celluloid | newsreel",
        "two:old_film": """scratch* | worn | aged | old | antique | 1920s | 1930s | 1910s | flicker* | faded
        | silent | dirt | hairs | jump* | crackl*""",
        "effect:black_and_white": """black and white | black-and-white | b&w | monochrome | monochromatic
        | grayscale | greyscale | b w | noir | film noir | desaturated to gray | desaturated to grey
        | colourless | bw | b/w""",
        "effect:sepia": "sepia | sepia-toned | sepia tone* | sepia-tinted | brownish vintage | sepia tint",
        "effect:teal_orange": """teal and orange | teal-orange | teal & orange | orange and teal | orange-teal
        | teal orange | orange teal | blockbuster grade | blockbuster colour* | blockbuster color*
        | teal shadows | hollywood colo* grad* | teal/orange | orange/teal""",
        "one:teal_orange": "teal | cyan | turquoise",
        "two:teal_orange": "orange | amber",
        "effect:vignette": """light vignette | vignette | vignetting | darkened corners | dark corners
        | darkened edges | dark edges | corners darken* | edges darken* | darkening at edges
        | darkening at corners | shaded corners | darkened borders""",
        "one:vignette": "corners | edges | borders | frame edges",
        "two:vignette": "dark* | shaded | black | fall off | dim | dimmed",
        "effect:letterbox": """letterbox* | letter-box* | black bars | cinematic bars | cinemascope
        | widescreen bars | black cinema bars | scope bars | cinema bars | 2.39:1 | 2.35:1 | widescreen crop
        | anamorphic bars""",
        "one:letterbox": "bars | bands | strips",
        "two:letterbox": "black | cinema | cinematic | widescreen | top and bottom",
        "effect:vhs": """vhs | vhs-style | vhs tape | videotape | video tape | vcr | camcorder | 90s camcorder
        | 80s camcorder | vhs look | analog video | tape noise | scan lines | scanlines | tracking lines
        | betamax""",
        "one:vhs": "tape | cassette | camcorder",
        "two:vhs": "80s | 90s | 1980s | 1990s | 1989 | tracking | noise | wobble*",
        "effect:glitch": """glitch | glitches | glitchy | glitching | digital glitch | digital distortion
        | datamosh* | digital artefact* | digital artifact* | signal interference | rgb split | chromatic glitch
        | pixel sorting | corrupted signal | digital corruption | pixelated distortion""",
        "one:glitch": "image | picture | frame | signal | pixels | footage",
        "two:glitch": """breaks up | breaks into | tears | tearing | corrupt* | blocks | digital noise
        | stutters | pixelat* | splits | distort*""",
        "effect:tilt_shift": """tilt-shift | scale model | tilt shift | tiltshift | miniature effect | miniature look
        | miniature-style | toy town | diorama | diorama look | model village | miniature town | like miniature
        | miniature scene | toy-like | model train look | toy village""",
        "one:tilt_shift": "town | city | village | street | scene | cars | world",
        "two:tilt_shift": "miniature | toy | toy-sized | tiny model | model railway | dollhouse",
        "effect:rack_focus": """rack focus* | rack-focus* | racks focus | racking focus | focus pull*
        | pull focus | pulls focus | focus shift* | shift focus | shifts focus | shifting focus | focus rack*
        | focus moves from | focus transitions | changing focus | focus changes | focus racks | focus travels
        | refocus* | focus drifts | focus slides | pulling focus | shift of focus | focus goes from
        | focus slowly shifts | throws focus""",
        "one:rack_focus": "focus | sharpness",
        "two:rack_focus": """shifts | shift | slides | moves from | from | travels | jumps | wanders | pulls
        | passes | glides | changes""",
        "effect:depth_of_field": """depth of field | shallow focus | shallow depth | blurred background
        | background blur | blurry background | dof | out of focus background | out-of-focus background
        | creamy background | background out of focus | background softly blurred | background melts
        | soft background blur | background falls out of focus | background blurred | selective focus
        | background stays blurred""",
        "one:depth_of_field": "background | backdrop | everything behind | foreground | surroundings",
        "two:depth_of_field": "blur* | out of focus | soft focus | creamy | melts | unsharp | defocused",
        "effect:water_ripples": "gentle ripples | rippling water | water ripple*",
        # --- living parts -------------------------------------------------------------------------------------------
        "living:clouds": "cloud | clouds | sky | skies | cumulus | stratus | overcast sky",
        "living:water": """water | waters | wave | waves | sea | ocean | river | lake | stream | pond | puddle*
        | waterfall* | surf | tide | brook | creek | fountain* | canal | pool | surface of lake | harbor
        | harbour | bay | rapids | seawater | swell""",
        "living:foliage": """foliage | tree | trees | grass | grasses | branch | branches | bush | bushes | fern
        | ferns | reeds | wheat | crops | palm* | willow* | bamboo | leaf | leaves | meadow | flowers | flower
        | plants | plant | vines | forest | woods | treetops | canopy | hedge* | ivy | barley | field | fields
        | sunflowers | lavender | wildflowers | stalks | blossoms | corn""",
        "living:hair": """hair | strand of hair | strands of hair | fur | mane | locks | ponytail | beard
        | braid* | curls | bangs | whiskers""",
        "living:cloth": """dress | skirt | cloth | clothes | clothing | fabric | curtain* | flag | flags | scarf
        | cape | cloak | coat | veil | robe* | banner* | sail | sails | laundry | shawl | gown | kimono | shirt
        | sleeve* | ribbon* | silk | drapes | jacket | tablecloth | linen* | pennant* | bunting | prayer flags
        | sheets | awning* | hem""",
        "self": "waves | ripples | surf | waterfall* | rapids | fountain* | swell | breakers",
        "wind": """light breeze | light wind | wind | winds | breeze | breezes | windy | breezy | gust | gusts
        | windblown | wind-blown | gusting | draught | draft""",
        "stir": """flicker* | sway | sways | swaying | flutter* | ripple | ripples | rippling | rustl* | billow*
        | blow | blows | blowing | flow | flows | flowing | drift | drifts | drifting | roll | rolls | rolling
        | lap | laps | lapping | shimmer* | stir | stirs | stirring | wave | waves | waving | float | floats
        | floating | scud* | tumble* | undulat* | glisten* | gleam* | sparkl* | crash | crashes | crashing
        | splash* | churn* | cascad* | quiver* | trembl* | moves | move | moving | blink | blinks | blinking
        | pulse | pulses | pulsing | buzz* | swirl* | bend | bends | bending | dance | dances | dancing | passes
        | pass | passing | race | racing | break | breaks | breaking | flap* | lift | lifts | tousle* | ruffle*
        | sputter* | gutter* | foam* | alive | glide | glides | gliding | rush* | lifted | tossed | caught
        | rises and falls | nod | nods | nodding | running | runs | murmur* | swell* | whip | whips | whipping
        | stream by""",
        # --- what things do -----------------------------------------------------------------------------------------
        "act": """walk | walks | walking | run | runs | running | jog* | jogging | dance | dances | dancing
        | smile | smiles | smiling | laugh* | laughing | talk | talks | talking | speak | speaks | speaking
        | blink | blinks | blinking | nod | nods | nodding | wave | waves | waving | jump | jumps | jumping
        | leap* | swim | swims | swimming | drive | drives | driving | ride | rides | riding | sail | sails
        | sailing | stroll* | cross | crosses | crossing | march* | spin | spins | spinning | turns | turning
        | turn | sits | sit | stands up | gets up | raises | raising | raise | lifts | opens | opening | open
        | closes | eats | eating | drinks | drinking | sips | sipping | cooks | cooking | reads | reading
        | plays | playing | sings | singing | writes | writing | types | typing | works | working | hugs
        | hugging | kiss | kisses | kissing | cries | crying | weeps | breathes | breathing | bows | bowing
        | kneels | kneeling | reaches | reaching | holds out | throws | throwing | catches | catching | kicks
        | kicking | punches | fights | fighting | grabs | grabbing | picks up | pours | puts | chases | barks
        | barking | wags | wagging | flaps | flies | flying | fly | galloping | gallop* | trots | trotting
        | swoops | circles | circling | hops | hopping | crawls | crawling | climbs | climbing | falls | falling
        | drops | rolls | rolling | bounces | bouncing | slides | sliding | passes by | passes | passing by
        | passing | rushes | rushing | races | racing | speeds | speeding | zooms past | glides | gliding
        | drifts | drifting | floats | floating | moves | moving | move | travels | comes | goes | pulls into
        | leaves station | arrives | departs | departing | takes off | lands | landing | accelerates | brakes
        | skates | skating | surfs | surfing | skis | skiing | pedals | cycling | cycles | rows | rowing
        | fishing | shakes | shaking | looks up | looks at | looks around | glances | glancing | stares
        | staring | winks | winking | yawns | yawning | stretches | stretching | sneezes | whispers | shouts
        | shouting | screams | screaming | claps | clapping | cheers | cheering | greets | greeting | follows
        | wakes | sleeps | awakens | erupts | explodes | exploding | collapses | collapsing | crumbles | burns
        | burning | rises | rising | ascends | descends | lowers | grows | growing | blooms | blooming | unfolds
        | unfolding | spreads | emerges | swings | swinging | strides | striding | sprint* | twirls | twirling
        | rotates | rotating | hovers | hovering | approaches | approaching | enters | entering | exits
        | walks away | leans | leaning | tosses | stirs her | stirring | juggles | paints | painting | chops
        | knits | strums | strumming | performs | performing | gestures | gesturing | tilts her head
        | tilts his head | turns her head | turns his head | turns toward* | glances up | looks into camera
        | looks toward* | looks back | looks down | licks | purrs | scurries | scurry* | bustles | bustling
        | mill about | milling | wander | wanders | wandering | hurries | hurry | hurrying | grazes | grazing
        | perches | pecks | flee* | flees | dives | diving | paddles | paddling | chugs | chugging | whizz*
        | zip past | shuffles | tiptoes | staggers | trudges | limps | burst* in | bursts | carry | carrying
        | carries | take off | lights up a | lighting a | lights a | fan | fanning | knocks | pushes open
        | slams | slam | lift off | scatter | scatters | taps | rings | ringing | strikes | striking | pets
        | petting | feeds | feeding | pull* up | peeks | peeking | peers | blush* | frowns | grins | grinning
        | shrugs | points at | hammers | kneads | pouring | serves | tips his | tips her | removes | puts on
        | lays | unrolls | flips | turns page* | turns to face | turns to look | flaps its | perch | leans in to""",
        # --- known, not done ----------------------------------------------------------------------------------------
        "undone:sound (the video is silent)": """sound | sounds | sound effects | music | audio | soundtrack
        | voiceover | voice-over | voice over | narration | narrator | ambient noise | sound of | melody | song
        | thunder rumbl* | birdsong | dialogue sound | footsteps echo""",
        "undone:dialogue (nobody speaks)": """dialogue | dialog | saying | says | lip sync | lip-sync | lipsync
        | conversation""",
        "undone:morphing": """morph* | transform* into | turns into | transforms | metamorphos* | shapeshift*
        | dissolve* into""",
        "undone:new objects": """appear | appears | appearing | materialis* | materializ* | pops up | spawn*
        | enters frame | enters scene | enter frame | walks into frame | comes into view | manifest*""",
        "undone:slow motion": "slow motion | slow-motion | slowmo | slo-mo | slow-mo | ultra slow motion",
        "undone:time lapse": """time lapse | time-lapse | timelapse | hyperlapse | hyper-lapse | fast motion
        | fast forward""",
        "undone:fades": """fade in | fade out | fades to black | fade to black | fades out | fades in
        | crossfade | cross dissolve""",
        "undone:framing (the picture gives it)": """close-up | close up | closeup | extreme close-up
        | wide angle | wide-angle | wide shot | medium shot | long shot | establishing shot | full shot
        | aerial view | aerial shot | bird s eye view | drone shot | drone view | low angle | high angle
        | fisheye | first-person view | over-the-shoulder | over shoulder | macro shot | aerial | extreme wide
        | close-up shot | low-angle shot""",
        "undone:fireworks": "firework*",
        "undone:text on the picture": "subtitle* | caption* | title appears | watermark | text overlay",
    },
)

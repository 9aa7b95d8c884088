"""German."""

from __future__ import annotations

from mutoscope.engines.parallax.lexicon.words import Language

GERMAN = Language(
    code="de",
    empty="der die das den dem des ein eine einen einem einer eines ihr ihre ihren sein seine seinen",
    plain="""und in im am an auf aus bei mit von vom zu zum zur fur durch uber um nach bis als wie wenn wahrend
    wobei es ist sind wird werden sich dabei ganz noch immer so dieser diese dieses wir man unter hinter vor
    zwischen entlang dann danach da hier auch jetzt zuerst soll sollen bitte lass sanft beginnt beginnen""",
    typical="""der die das den dem des ein eine einen einem einer und mit von vom zum zur auf im ist sich
    wahrend nach langsam kamera uber durch kein keine nicht dann fahrt licht regen himmel wir""",
    words={
        # --- who acts -----------------------------------------------------------------------------------------------
        "camera": """kamera* | bild | aufnahme | einstellung | objektiv | linse | blickwinkel | perspektive
        | drohne* | bildausschnitt | ausschnitt | rahmen | sicht | ansicht | video | clip | wir""",
        "camera:gaze": "blick",
        "it": "sie | er",
        "scenery": "landschaft | welt | hauser | hauserzeile | fassaden | strasse | gegend | felder",
        "ride": """zugfenster | aus dem zug | autofenster | fenster des zuges | strassenbahn | aus dem fenster
        | im zug | busfenster | seitenfenster | zugabteil""",
        "thing": """auto | autos | mensch | menschen | leute | mann | frau | madchen | junge | kind | kinder
        | hund* | katze* | vogel | pferd* | schiff* | boot* | zug | zuge | passanten | fussganger | rauch
        | dampf | fische | radfahrer | bus | verkehr""",
        # --- camera moves -------------------------------------------------------------------------------------------
        "move:pan": "schwenk* | kameraschwenk* | panorama* | pan | pannt",
        "move:pan:left": "linksschwenk*",
        "move:pan:right": "rechtsschwenk*",
        "move:tilt": "neig* kamera | kamera neigt | neigung | neigt | kippt | neigen | neige",
        "move:tilt:down": """schwenkt nach unten | schwenk nach unten | abwartsschwenk* | blickt nach unten
        | blickt hinab | neigt sich nach unten | schaut nach unten | kippt nach unten | senkt blick
        | blick wandert nach unten | blick senkt sich | blick wandert hinab | vertikaler schwenk nach unten""",
        "move:tilt:up": """schwenkt nach oben | schwenk nach oben | aufwartsschwenk* | blickt nach oben
        | blickt hinauf | neigt sich nach oben | schaut nach oben | kippt nach oben | vertikalschwenk nach oben
        | hebt blick | blick wandert nach oben | blick hebt sich | blick wandert hinauf
        | vertikaler schwenk nach oben | hochschwenk*""",
        "move:roll": """rollt um eigene achse | dreht sich um eigene achse | rollbewegung | kamerarolle | rolle
        | rollen | gekippte kamera | dutch angle | schraglage | verkantet* | verkantung
        | rotiert um eigene achse | kippt zur seite | kippt seitlich | rotiert um langsachse
        | rotation um langsachse | dreht sich um langsachse | bild dreht sich | rotiert um optische achse
        | kamera rollt | dreht sich um optische achse | horizont kippt | horizont neigt | schiefer horizont
        | horizontlinie schrag | horizont schrag""",
        "maybe:roll": "rollt | rotiert",
        "move:zoom": "zoom | zoomt | zoomen | zoome | gezoomt | zoomfahrt",
        "move:zoom:in": """zoom in | zoomt heran | heranzoomen | heranzoom* | zoomt hinein | hineinzoomen
        | zoomt rein | reinzoom* | einzoomen | zoom auf | zoomt auf | ranzoom* | zoomt ran | zoomt naher
        | heran zoom* | herangezoomt | heranholen | vergrossert bild""",
        "move:zoom:out": """zoom out | zoomt heraus | herauszoomen | herauszoom* | rauszoom* | zoomt raus
        | zoomt zuruck | auszoomen | zoomt hinaus | zoom heraus | wegzoom* | zoomt weg | herausgezoomt
        | aufziehen der brennweite""",
        "move:dolly": """dolly | dollyfahrt | kamerafahrt | dolly-fahrt | schienenfahrt | fahraufnahme
        | fahrt auf schienen""",
        "move:dolly:in": """dolly in | vorwartsfahrt | kamerafahrt vorwarts | kamerafahrt nach vorn*
        | fahrt vorwarts | fahrt nach vorn* | vorwarts | nach vorn* | tiefer in | hinein in | zwischen hindurch
        | hindurch | ins innere | tiefer hinein""",
        "move:dolly:out": """dolly out | ruckwartsfahrt | kamerafahrt ruckwarts | kamerafahrt zuruck
        | zuruckweichen* | ruckwarts | zuruckfahr* | nach hinten | fahrt zuruck""",
        "maybe:dolly:in": """gleitet vorwarts | gleitet nach vorn* | dringt ein | dringt vor | fahrt hinein
        | taucht ein | fahrt durch | gleitet durch | bewegt sich vorwarts | bewegt sich nach vorn*
        | fliegt durch | fliegt uber | schwebt durch | schiebt sich durch | fahrt geradeaus | dringt tiefer""",
        "maybe:dolly:out": """fahrt zuruck | fahrt ruckwarts | bewegt sich ruckwarts | weicht zuruck
        | gleitet zuruck | gleitet ruckwarts | bewegt sich zuruck | fahrt nach hinten""",
        "move:track": "tracking shot | tracking",
        "move:truck": """seitliche kamerafahrt | seitwartsfahrt | parallelfahrt | seitwarts | seitlich
        | kamerafahrt seitlich | querfahrt | seitfahrt | truck | horizontale kamerafahrt | seitliche fahrt
        | fahrt seitlich""",
        "move:truck:left": "kamerafahrt nach links | fahrt nach links | gleitet nach links",
        "move:truck:right": "kamerafahrt nach rechts | fahrt nach rechts | gleitet nach rechts",
        "move:pedestal": """kran* | kranfahrt | kamerakran | pedestal | vertikale kamerafahrt | vertikalfahrt
        | krankamera""",
        "move:pedestal:down": """kranfahrt nach unten | absteigende kamera | fahrt nach unten | absenk*
        | abwartsfahrt | kranfahrt abwarts | kranfahrt hinab | kamerafahrt nach unten | sinkend*""",
        "move:pedestal:up": """kranfahrt nach oben | aufsteigende kamera | fahrt nach oben | kran nach oben
        | aufsteigend* | aufwartsfahrt | kranfahrt aufwarts | kranfahrt hinauf | kamerafahrt nach oben""",
        "maybe:pedestal:down": """sinkt | sinkt herab | senkt sich | fahrt hinunter | schwebt herab
        | schwebt nach unten | sinkt hinab | fahrt hinab | fahrt herunter | schwebt hinab""",
        "maybe:pedestal:up": """steigt | steigend* | steigt auf | steigt empor | steigt hoch | hebt sich
        | fahrt hoch | erhebt sich | steigt nach oben | schwebt nach oben | fahrt hinauf | steigt hinauf
        | schwebt empor | schwebt hoch | schwebt hinauf | hebt ab""",
        "move:orbit": """orbit | umkreis* | umrund* | kreist um | dreht sich um | kreisfahrt | umrundung
        | rund um | 360 grad | 360-grad* | fahrt um | bewegt sich um | kreist | rotiert um | orbitfahrt | 360°
        | kreisformig | im kreis um | kreisend* | orbital* | schwebt um | gleitet um | einmal um | ganz herum
        | rundfahrt um""",
        "maybe:orbit": "herum | rundherum | ringsum | drumherum | um herum",
        "maybe:rotate": "dreht sich | drehung | drehen | drehend | rotiert | gedreht",
        "move:arc": """bogen | bogenfahrt | im bogen | halbkreis* | geschwungene fahrt | bogenformig*
        | viertelkreis* | kurvenfahrt | in kurve""",
        "move:push:in": """push in | push-in | nahert sich | nahern sich | annaherung | kommt naher
        | ruckt naher | fahrt naher | fahrt heran | fahrt auf | ranfahrt | heranfahr* | fahrt langsam heran
        | nahert | naher an | naher heran | naher ran | schiebt sich naher | gleitet heran | schiebt sich heran
        | geht naher | wandert naher | heranfahrt | gleitet naher | tastet sich heran | schleicht heran
        | zufahrt | immer naher | pirscht sich heran | schiebt sich langsam heran | fahrt zu""",
        "maybe:push:in": "nahern sich | nahern uns | kommen naher | kommen ihr naher | kommen ihm naher",
        "move:pull:out": """pull back | pull out | ruckzug | zuruckziehen* | pull-out | pull-back | fahrt weg
        | weg von | zieht auf | ziehen auf | aufziehen | zieht weit auf""",
        "maybe:pull:out": """entfernt sich | zieht sich zuruck | zieht zuruck | zieht auf | weicht zuruck und
        | entfernt | ruckt ab | ruckt weg | bewegt sich weg | zieht sich langsam zuruck | gleitet weg""",
        "move:dolly_zoom": """dolly zoom | dolly-zoom | dollyzoom | vertigo-effekt | vertigo | vertigoeffekt
        | hitchcock-zoom | hitchcock-effekt | hitchcock*""",
        "move:dolly_zoom:in": "hintergrund weicht zuruck | hintergrund entfernt | hintergrund dehnt",
        "move:dolly_zoom:out": "hintergrund ruckt naher | hintergrund kommt naher | hintergrund drangt",
        "move:handheld": """handkamera | wackelkamera | wackelig* | verwackelt* | aus der hand | handgefuhrt*
        | handheld | wackelt | wackeln | schulterkamera | leichtes wackeln | zittrige kamera | kamerawackeln
        | zittrig* | wackler | von der schulter | unruhige kamera | reportagekamera | reportagestil
        | dokumentarstil""",
        "maybe:handheld": "zittert | bebt | zittern | schwankt | schuttelt | ruckelt",
        "move:static": """statische kamera | feste kamera | starre kamera | kamera fest | kamera statisch
        | kamera starr | statisch* | standbild | stativ | feste einstellung | unbewegte kamera
        | keine kamerabewegung* | ohne kamerabewegung* | kamera steht still | kamera bewegt sich nicht
        | starre einstellung | fixe kamera | kamera bleibt stehen | unbewegt | kamera fixiert | kamera ruht
        | kamera bleibt ruhig | kamera bleibt still | keinerlei kamerabewegung* | feststehend*
        | kamera bleibt wo | kamera steht | kamera bleibt unbewegt | kamera bleibt vollig | fixiert*""",
        "maybe:static": """still | starr | fest | steht | stillsteht | unbeweglich | bewegt sich nicht | ruht
        | ruhrt sich nicht | fixiert | bleibt stehen | regungslos | reglos""",
        "move:follow": """verfolgungsfahrt | mitfahrt | verfolgerkamera | begleitet | folgt dem | fahrt mit
        | begleitfahrt | kamera folgt | kamera verfolgt | lauft mit | geht mit | folgt ihm | folgt ihr
        | begleitend* | heftet sich | dicht hinter | direkt hinter | hinter ihm | hinter ihr | an seiner seite
        | an ihrer seite | neben ihm | neben ihr | halt schritt | bleibt dran | bleibt an | auf den fersen
        | bleibt bei | auf gleicher hohe""",
        "maybe:follow": "folgt | folgen | verfolgt | verfolgen | folgend",
        "move:whip": """reissschwenk* | reißschwenk* | whip pan | whip-pan | wischer | blitzschwenk*
        | peitschenschwenk* | whip""",
        "maybe:go": """bewegt sich | bewegt | bewegen | bewegung | fahrt | fahren | treibt | zieht | schiebt
        | rutscht | ruckt | kommt | schleicht | sturzt | kommen | nahern""",
        "maybe:walk": """gleitet | gleiten | gleitend | schwebt | schweben | fliegt | fliegen | wandert | geht
        | lauft | rast | eilt | driftet | spaziert""",
        "maybe:turn": "dreht | drehen | wendet | blickt | schaut | richtet sich",
        # --- directions ---------------------------------------------------------------------------------------------
        "way:left": "links | nach links | linken | linke | von rechts nach links | zur linken",
        "way:right": "rechts | nach rechts | rechten | rechte | von links nach rechts | zur rechten",
        "way:up": """nach oben | hinauf | aufwarts | hoch | empor | gen himmel | zum himmel
        | von unten nach oben | in himmel | in hohe | zur decke | hoch zum | in luft | senkrecht nach oben""",
        "way:down": """nach unten | hinab | hinunter | abwarts | herab | zum boden | von oben nach unten
        | herunter | runter | bis zum boden""",
        "way:in": """vorwarts | nach vorn* | hinein | auf zu | hindurch | nach innen | tiefer | in richtung
        | rein | uber see | uber stadt | uber dacher | uber felder | uber wald | uber landschaft | uber meer
        | uber wasser | uber tal | uber berge | durch wald | durch strasse* | durch gasse* | durch stadt
        | durch tur | durch raum | durch nebel | uber fluss""",
        "way:out": "zuruck | ruckwarts | nach hinten | heraus | hinaus | nach aussen | raus",
        "way:around": "um herum | herum | rundherum | ringsum",
        "way:clockwise": "im uhrzeigersinn | uhrzeigersinn",
        "way:anticlockwise": """gegen uhrzeigersinn | gegen den uhrzeigersinn | entgegen uhrzeigersinn
        | entgegen dem uhrzeigersinn""",
        "way:closer": "naher | immer naher | heran | ran | dicht heran",
        "way:away": "weg | weg von | fort von",
        "way:part": "halb | halben | viertel | 90 grad | 45 grad | 180 grad | halbe | halber",
        # --- how ----------------------------------------------------------------------------------------------------
        "degree:0.5": """langsam | langsame | langsamer | langsames | langsamen | leicht | leichte | leichter
        | leichtes | leichten | sanft | sanfte | sanfter | sanftes | sanften | sacht | sachte | zart | zarte
        | zarter | zartes | subtil | subtile | subtiler | subtiles | ruhig | ruhige | ruhiger | ruhiges
        | behutsam | behutsame* | dezent | dezente* | ein wenig | etwas | ein bisschen | minimal | minimale*
        | gemachlich | gemachliche* | kaum | kaum merklich | unmerklich | leise | feine | feiner | feines
        | wenig | schwach | schwache* | gelassen | dunne* | vorsichtig | hauch von | einen hauch | vereinzelt*
        | schleichend* | zogerlich""",
        "degree:0.7": "allmahlich | nach und nach | stetig | schrittweise | gleichmassig",
        "degree:1.6": """schnell | schnelle | schneller | schnelles | schnellen | rasch | rasche* | rasant
        | rasante* | stark | starke | starker | starkes | starken | heftig | heftige | heftiger | heftiges
        | dramatisch | dramatische* | gewaltig* | kraftig | kraftige* | intensiv* | abrupt* | dicht | dichte
        | dichter | dichtes | dichten | stromend* | wild | wilde* | ruckartig* | sturmisch* | gross | grosse
        | blitzschnell* | hektisch* | energisch* | dick | dicke | dicker | zugig* | mit grosser | flott
        | wuchtig | turbulent""",
        "very": "sehr | extrem | ganz | uberaus | ausserst | unglaublich | besonders",
        "ease:linear": """konstante geschwindigkeit | gleichmassige geschwindigkeit | konstantem tempo
        | gleichbleibend*""",
        "ease:in": "beschleunigt | beschleunigend | wird schneller",
        "ease:out": """verlangsamt | bremst | wird langsamer | kommt zum stehen | kommt zur ruhe
        | kommt zum stillstand""",
        "ease:smooth": "fliessend | fliessende | geschmeidig | weich | gleitend",
        # --- negation and joints ------------------------------------------------------------------------------------
        "not": """kein | keine | keinen | keinem | keiner | keinerlei | ohne | nicht | nie | niemals | vermeide*
        | weder | noch | statt | anstatt""",
        "not_after": "nicht | verboten | unerwunscht | frei",
        "but": "sondern | aber | nur | ausser | lediglich | bloss",
        "list": "oder | noch | und auch",
        "also": """und | wahrend | wobei | als | wo | sowie | dabei | gleichzeitig | mit | damit | so dass | bis
        | weil | indem | bevor""",
        "from": "von | ab",
        "to": "nach | zu | zum | zur",
        "then": """dann | plotzlich | danach | anschliessend | schliesslich | zuletzt | daraufhin | am ende
        | zum schluss | spater | unvermittelt | auf einmal | gefolgt von | nachdem | zum ende | hinterher | jah
        | zum abschluss | darauf""",
        "cut": """schnitt auf | schnitt | harter schnitt | schnitt zu | umschnitt | nachste einstellung | cut
        | schnitt zum | jump cut | szenenwechsel""",
        "shot": "einstellung # | szene # | shot # | schuss # | aufnahme # | bild #",
        "skip": """vordergrund | im vordergrund | linke hand | rechte hand | linken hand | rechten hand
        | schneebedeckt* | verschneit* | regenbogen | bildschirm | nach wie vor | hochhaus* | hochhauser
        | grosse stadt | kleine stadt | kleines dorf | auf rechten seite | auf linken seite | im bild | ins bild
        | am bildrand | grosses fenster | kleines madchen | kleiner junge | fest verschlossen | weich gezeichnet
        | nicht nur | noch nicht | regennass* | regennasse* | torbogen | fernseher""",
        # --- light, weather, look -----------------------------------------------------------------------------------
        "effect:golden_hour": """goldene stunde | goldenen stunde | goldener stunde | sonnenuntergang*
        | sonnenaufgang* | goldenes licht | goldenem licht | goldenes abendlicht | abendsonne | abendlicht
        | morgensonne | untergehende sonne | untergehenden sonne | warmes abendlicht | abendrot | morgenrot
        | goldene licht | goldenen licht | tiefstehende sonne | tief stehende sonne | golden hour
        | goldenes morgenlicht | sonne geht unter | sonne geht auf | golden schimmer* | morgenlicht
        | golden leuchtend* | golden beleuchtet | letztes licht | letzte sonnenlicht | letzten sonnenstrahlen
        | goldgelb* | spatnachmittagslicht | tiefstehender sonne | goldener schein""",
        "effect:blue_hour": """blaue stunde | blauen stunde | blauer stunde | dammerung | abenddammerung
        | morgendammerung | zwielicht | in dammerung | dammerlicht""",
        "effect:night": """nacht | nachts | nachtlich* | mitternacht | mondlicht | mondschein | bei nacht
        | nachthimmel | nachtszene | nachtstimmung | sternennacht""",
        "effect:sunbeams": """sonnenstrahl* | lichtstrahl* | lichtbundel | lichtschacht* | strahlenbuschel
        | lichtkegel | sonnenlicht fallt | licht fallt durch | volumetrisches licht | sonne bricht durch
        | licht bricht durch | sonnenlicht bricht | sonnenlicht dringt | lichtbahnen | strahlen der sonne
        | sonnenlicht flutet | sonnenlicht stromt | gottesstrahlen | lichtsaulen | schrage lichtstreifen
        | licht sickert""",
        "one:sunbeams": "sonne | sonnenlicht | licht | sonnenschein",
        "two:sunbeams": """strahlen | bricht | fallt schrag | dringt | flutet | bundel | fallt durch | sickert
        | bahnen | streifen""",
        "effect:lens_flare": """lens flare | lensflare* | linsenreflexion* | blendenfleck* | linsenreflex*
        | gegenlichtreflex* | lens flares | objektivreflex* | sonnenreflex* | flare* | blendenreflex*""",
        "one:lens_flare": "objektiv | linse",
        "two:lens_flare": "reflex* | flare* | blendet | reflexion*",
        "effect:anamorphic_streak": """anamorphot* | anamorph* | horizontale lichtstreifen
        | horizontaler lichtstreifen | waagerechte lichtstreifen | waagrechte lichtstreifen
        | horizontale streifen | blaue lichtstreifen | horizontale lichtlinie* | waagerechte lichtlinie*
        | waagerechter lichtstreifen | waagrechter lichtstreifen | waagerechten lichtstreifen""",
        "effect:neon_flicker": """neon flackert | neonlicht flackert | flackerndes neon* | neonschild flackert
        | neonreklame flackert | flackernde neon* | neonrohre flackert | neonlichter flackern
        | flackernder neon* | neonreklamen flackern | neonflackern | neonschilder flackern | neonrohren flackern
        | leuchtreklame flackert""",
        "light:neon_flicker": "neon | neonlicht* | neonschild* | neonreklame* | neonrohre* | leuchtreklame*",
        "effect:candle_flicker": """kerzenlicht | kerzenschein | kerzenflamme* | kerzen flackern
        | kerze flackert | flackernde kerze* | flackernden kerze* | flackerndes kerzenlicht | kerzenflackern
        | laternenlicht flackert | kaminfeuer | fackelschein | fackelschein*""",
        "light:candle_flicker": "kerze | kerzen | laterne | laternen | fackel* | kamin | ollampe | flamme | flammen",
        "effect:rain": """regen | regnet | regnen | regentropfen | niesel* | nieselregen | platzregen | schauer
        | wolkenbruch | regnerisch* | regenschauer | regenguss | starkregen | dauerregen | gewitterregen
        | landregen""",
        "effect:snow": """schnee | schneit | schneien | schneefall | schneeflocke* | schneegestober
        | schneesturm | flocken | schneetreiben | neuschnee""",
        "effect:fog": "nebel | nebelig* | neblig* | nebelschwaden | bodennebel | nebelbank | nebelfelder",
        "effect:mist": """dunst | dunstig* | nebelschleier | morgendunst | dunstschleier | fruhnebel
        | morgennebel | leichter nebel | dunner nebel | zarter nebel | leichten nebel | feiner nebel | diesig*""",
        "effect:dust": """staub | staubpartikel | staubkorn* | staubteilchen | schwebeteilchen
        | partikel in luft | partikel schweben | staubwolke* | schwebende partikel | staubflocken | sandsturm
        | schwebstaub | flirrender staub""",
        "effect:embers": """glut | funken | gluhende asche | funkenflug | glutfunken | glutteilchen
        | gluhende funken | glutpartikel""",
        "effect:fireflies": "gluhwurmchen | leuchtkafer",
        "effect:bokeh": """bokeh* | unscharfe lichter | lichtkreise | unscharfe lichtpunkte | lichtscheiben
        | lichtscheibchen""",
        "one:bokeh": "lichter | laternen | lampen | strassenlaternen | lichterketten",
        "two:bokeh": """unscharf* | verschwommen* | kreise | scheiben | kugeln | verschwimmen | weiche kreise
        | kreisen | kugel""",
        "effect:petals": """blutenblatt* | kirschbluten fallen | blutenregen | blutenblatter | bluten rieseln
        | fallende bluten | bluten segeln""",
        "one:petals": "bluten | kirschbluten",
        "two:petals": "fallen | rieseln | schweben | wirbeln | schneien | herab",
        "effect:leaves": """fallende blatter | blatter fallen | herbstlaub | laub wirbelt | blatter wirbeln
        | herbstblatter | fallendes laub | laub fallt | blatter segeln | blatter rieseln | wirbelndes laub
        | welke blatter | blatter treiben | blatter schweben""",
        "one:leaves": "blatter | laub",
        "two:leaves": """fallen | fallt | wirbeln | wirbelt | segeln | rieseln | trudeln | fallend*
        | wehen davon | herab""",
        "effect:bubbles": "seifenblasen | blasen | luftblasen | blaschen | seifenblase",
        "effect:lightning": "blitz | blitze | blitzt | gewitterblitz* | wetterleuchten | blitzschlag | gewitter",
        "effect:film_grain": """filmkorn | filmkornung | korn | kornig* | kornung | filmisches korn
        | analoges korn | 16mm | 35mm | filmstruktur""",
        "effect:old_film": """alter film | alten film | altes filmmaterial | stummfilm* | alter stummfilm
        | super 8 | super-8 | 8mm | 8-mm* | kratzer | vintage-film | filmkratzer | alte filmaufnahme*
        | alten films | alter kinofilm | filmprojektor | zerkratzt* | altem film | wochenschau | alte filmrolle
        | alten stummfilm""",
        "one:old_film": "film | filmmaterial | aufnahme | kinofilm",
        "two:old_film": "alt* | zerkratzt* | kratzer | verschlissen* | flimmer* | 20er | zwanziger | 1920er | stumm",
        "effect:black_and_white": """schwarzweiss | schwarz-weiss | schwarzweiß | schwarz-weiß
        | schwarz und weiss | schwarz weiss | schwarz weiß | schwarzweissbild | monochrom* | graustufen | s/w
        | schwarzweisser | schwarzweisse* | schwarz-weiss-film | schwarzweißfilm | schwarzweissfilm""",
        "effect:sepia": "sepia | sepiaton* | sepiafarben* | sepiatonung",
        "effect:teal_orange": """teal und orange | teal-orange | blaugrun und orange | turkis und orange
        | teal and orange | orange und turkis | petrol und orange | orange und teal | orange-teal
        | orange und petrol | orange-turkis | turkis-orange | teal/orange | orange/teal""",
        "one:teal_orange": "turkis* | teal | petrol* | blaugrun*",
        "two:teal_orange": "orange*",
        "effect:vignette": """vignette | vignettierung | dunkle ecken | dunkle rander | abgedunkelte ecken
        | abgedunkelte rander | randabdunklung | dunkler rand | dunklen ecken | dunklen randern
        | ecken abgedunkelt | rander abgedunkelt""",
        "one:vignette": "ecken | rander | bildrander | rand",
        "two:vignette": "dunkel | dunkle* | abgedunkelt* | schwarz",
        "effect:letterbox": """schwarze balken | letterbox | schwarzen balken | cinemascope | breitbildbalken
        | kinobalken | breitwandbalken | kinobalken*""",
        "one:letterbox": "balken | streifen",
        "two:letterbox": "schwarz* | kino* | oben und unten",
        "effect:vhs": "vhs* | videokassette* | camcorder | videoband | videokassetten-look",
        "effect:glitch": """glitch* | bildstorung* | digitale storung* | digitale artefakte | bildfehler
        | signalstorung* | digitale bildfehler | datenfehler""",
        "one:glitch": "bild | signal | aufnahme",
        "two:glitch": "zerreisst | zerfallt | ruckelt | digital* | pixel* | storung* | blocke | verzerrt",
        "effect:tilt_shift": """tilt-shift | tilt shift | miniatur* | spielzeug* | modelleisenbahn*
        | modellstadt | miniaturwelt | modellbahn* | diorama""",
        "effect:rack_focus": """scharfeverlagerung | fokusverlagerung | fokus wandert | scharfe wandert
        | fokus wechselt | rack focus | schärfenverlagerung | fokuswechsel | scharfenverlagerung
        | scharfe springt | fokus springt | scharfe verlagert | fokus verlagert | scharfe geht | scharfe zieht
        | fokus verschiebt | fokus zieht | scharfe wechselt""",
        "one:rack_focus": "fokus | scharfe | scharfenebene",
        "two:rack_focus": "wandert | wechselt | springt | verlagert | geht | von | zieht | gleitet",
        "effect:depth_of_field": """tiefenscharfe | scharfentiefe | unscharfer hintergrund
        | hintergrund unscharf | geringe tiefenscharfe | verschwommener hintergrund | hintergrund verschwimmt
        | hintergrund verschwommen | weichgezeichneter hintergrund | unscharfem hintergrund
        | hintergrundunscharfe | verschwommenem hintergrund | unscharfen hintergrund""",
        "one:depth_of_field": "hintergrund",
        "two:depth_of_field": "unscharf* | verschwimm* | verschwommen* | weich",
        # --- living parts -------------------------------------------------------------------------------------------
        "living:clouds": "wolke | wolken | himmel | wolkenfetzen | wolkendecke | wolkchen",
        "living:water": """wasser | wellen | welle | meer | see | fluss | bach | teich | pfutze* | wasserfall
        | brandung | wasseroberflache | ozean | brunnen | kanal | seewasser | gischt | springbrunnen | stromung
        | flut""",
        "living:foliage": """blatter | baum | baume | gras | graser | zweige | aste | laub | strauch* | schilf
        | blumen | weizen* | bambus | palmen | wald | wiese | ahren | kornfeld | getreide | farn* | buschel
        | busche | zweig | blattwerk | halme | baumkronen | bluten | feld | weide | lavendel | hecke | tannen""",
        "living:hair": "haar | haare | haaren | haarstrahn* | strahne* | fell | mahne | locken | zopf | bart | pony",
        "living:cloth": """kleid | rock | stoff | kleidung | vorhang | vorhange | fahne | fahnen | flagge
        | flaggen | schal | umhang | mantel | schleier | gewand | tuch | bettlaken | gardine* | wasche | hemd
        | segel | banner | markise* | wimpel | tischtuch | bluse | kopftuch | armel""",
        "self": "wellen | brandung | wasserfall | wasserfalle | springbrunnen | gischt | wellengang",
        "wind": "wind | windig | brise | bo | windboe* | boen | windstoss* | luftzug | windhauch | sturm",
        "stir": """wiegen | wiegt | flattern | flattert | wehen | weht | bewegen | bewegt | rauschen | rauscht
        | fliessen | fliesst | ziehen | zieht | krauseln | krauselt | schwanken | wogen | wogt | schaukeln
        | schaukelt | platschern | platschert | flackern | flackert | glitzern | glitzert | zittern | treiben
        | treibt | gleiten | gleitet | brechen | brechen sich | schlagen | schlagt | rascheln | raschelt
        | flussend | fliessend | tanzen | wandern | wandert | schweben | kreisen | wiegend | wehend | wehenden
        | wehendes | wehende | flatternd* | rollen | funkelt | funkeln | bauscht | bauschen | plustert
        | streicht | fahrt | spielt | rieselt | schimmert | schwappt | stromt | platschernd* | wiegende*
        | wogend* | sprudelt | kabbelig | verweht | zerzaust""",
        # --- what things do -----------------------------------------------------------------------------------------
        "act": """geht | gehen | lauft | laufen | rennt | rennen | tanzt | tanzen | lachelt | lacheln | lacht
        | lachen | spricht | sprechen | redet | winkt | winken | springt | springen | schwimmt | schwimmen
        | fahrt | fahren | reitet | reiten | fliegt | fliegen | blinzelt | dreht sich | nickt | sitzt
        | steht auf | setzt sich | isst | trinkt | singt | spielt | spielen | kuscht | kusst | umarmt | offnet
        | schliesst | hebt | greift | wirft | fangt | kocht | liest | schreibt | weint | fallt | fallen | sturzt
        | explodiert | brennt | spaziert | spazieren | schlendert | schlendern | eilt | eilen | rollt | rollen
        | gleitet | gleiten | bewegt | bewegen | zieht | ziehen | steigt | steigen | uberquert | uberqueren
        | kommt | kommen | jagt | jagen | klettert | klettern | zwinkert | atmet | dreht den kopf
        | dreht ihren kopf | dreht seinen kopf | schaut | blickt | bellt | wedelt | arbeitet | tragt | gießt
        | giesst | rudert | segelt | segeln | startet | landet | galoppiert | trabt | streckt | gahnt | flustert
        | ruft | klatscht | verbeugt | kniet | zundet | schneidet | malt | strickt | fuhrt | holt | schiebt
        | wendet sich | dreht | halt | halt an | radelt | radeln | fahrt vorbei | wachst | bluht auf | huscht
        | trottet | tritt | schlagt mit | fluchtet | einholt | holt ein | bellen | knallt | offnet sich | offnen
        | schliesst sich | tragen | zundet an | raucht | zieht an | ruhrt | knetet | schuttet | hupft | hupfen
        | kehrt | flattern davon | watschelt | watscheln | pickt | klopft | hammert | reicht | drangeln | stehen
        | geht vorbei""",
        # --- known, not done ----------------------------------------------------------------------------------------
        "undone:sound (the video is silent)": """musik | ton | gerausch* | sound* | klang | audio | erzahlstimme
        | filmmusik | donnergrollen""",
        "undone:dialogue (nobody speaks)": "dialog* | sagt | gesprach | sagen",
        "undone:morphing": "verwandelt sich | morph* | verwandlung | wird zu einem | verwandeln",
        "undone:new objects": "erscheint | erscheinen | taucht auf | tauchen auf | auftauch*",
        "undone:slow motion": "zeitlupe | slow motion",
        "undone:time lapse": "zeitraffer | timelapse",
        "undone:fades": "ausblend* | einblend* | abblende | uberblend* | aufblende",
        "undone:framing (the picture gives it)": """nahaufnahme | weitwinkel* | totale | luftaufnahme
        | grossaufnahme | froschperspektive | vogelperspektive | halbtotale | detailaufnahme""",
        "undone:fireworks": "feuerwerk*",
        "undone:text on the picture": "untertitel | texteinblendung",
    },
)

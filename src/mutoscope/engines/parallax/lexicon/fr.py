"""French."""

from __future__ import annotations

from mutoscope.engines.parallax.lexicon.words import Language

FRENCH = Language(
    code="fr",
    empty="le la les l un une des d du de son sa ses leur leurs",
    plain="""a au aux en dans sur par pour avec et ou que qui qu ce cette ces il elle se s est sont tandis alors
    pendant comme quand lorsque puis y on nous tout toute tres plus vers entre sous depuis jusqu encore aussi d
    abord ensuite doit commence commencer fait mouvement plan scene""",
    typical="""le la les un une des du de et avec dans sur pour qui est en vers tandis puis sans lentement
    camera lent lente doux plan autour ciel pluie""",
    words={
        # --- who acts -----------------------------------------------------------------------------------------------
        "camera": """camera* | plan | objectif | cadre | vue | point de vue | cadrage | prise de vue | drone
        | image | perspective | champ | viseur | video""",
        "camera:gaze": "regard",
        "it": "elle | il",
        "scenery": "paysage | monde | facades | maisons | rue | immeubles | decor | champs",
        "ride": """fenetre du train | vitre du train | fenetre d un train | depuis train | vitre de voiture
        | depuis un train | en train | tramway | vitre du bus | fenetre de voiture""",
        "thing": """voiture* | personne* | gens | homme* | femme* | fille* | garcon* | enfant* | chien* | chat*
        | oiseau* | cheval | chevaux | bateau* | train* | pieton* | passants | fumee | vapeur | poissons | velo*
        | cycliste* | bus | foule | danseu*""",
        # --- camera moves -------------------------------------------------------------------------------------------
        "move:pan": "panoramique | panoramique horizontal | pano | panote | panoramiques | panotage | pan",
        "maybe:pan": "pivote | pivotant | balaie | balaye | balayage | balayant",
        "move:tilt": "tilt | inclinaison verticale | panoramique vertical | bascule",
        "move:tilt:down": """panoramique vers bas | panoramique vertical vers bas | tilt down | tilt vers bas
        | baisse regard | bascule vers bas | s incline vers bas | incline vers bas | panoramique descendant
        | panoramique vertical descendant | regarde vers bas | regard descend | pivote vers bas""",
        "move:tilt:up": """panoramique vers haut | panoramique vertical vers haut | tilt up | tilt vers haut
        | se leve vers ciel | leve regard | bascule vers haut | s incline vers haut | regard* vers haut
        | incline vers haut | panoramique ascendant | panoramique vertical ascendant | regarde vers haut
        | se redresse vers ciel | leve yeux vers | regard remonte | regard monte | pivote vers haut
        | regard se leve | regard s eleve""",
        "maybe:tilt:up": "se leve | remonte",
        "move:roll": """roulis | rotation sur elle-meme | tourne sur elle-meme | plan debulle | cadre debulle
        | tourne sur son axe | pivote sur son axe | rotation sur axe | plan hollandais | roll | tonneau
        | angle hollandais | horizon bascule | bascule sur cote | penche sur cote | rotation axiale
        | rotation autour de axe optique | tourne autour de axe optique | image tourne | horizon penche
        | horizon s incline | horizon qui penche""",
        "maybe:roll": "s incline | penche | se penche | tangue | roule",
        "move:zoom": "zoom | zoome | zoomer | zoomant | zooms",
        "move:zoom:in": """zoom avant | zoom in | zoome sur | zoom sur | zoome vers | zoome avant
        | grossissement | agrandi* image""",
        "move:zoom:out": "zoom arriere | dezoom* | zoom out | zoome arriere | de-zoom*",
        "move:dolly": "dolly | travelling | sur rails",
        "move:dolly:in": "travelling avant | dolly in | avancee | traveling avant | mouvement vers avant",
        "move:dolly:out": """travelling arriere | dolly out | recul | traveling arriere | marche arriere
        | mouvement vers arriere | mouvement arriere | a reculons""",
        "maybe:dolly:in": """avance | avancant | avancer | avancons | s enfonce | s engage | penetre | s avance
        | traverse | traversant | survole | survolant | progresse | progressant | s aventure | plonge dans
        | s engouffre | se faufile | entre dans | penetrant | entrons""",
        "maybe:dolly:out": "recule | reculant | reculer | reculons",
        "move:track": "tracking shot | tracking",
        "move:truck": """travelling lateral | deplacement lateral | mouvement lateral | lateralement
        | travelling horizontal | glissement lateral | travelling de cote | traveling lateral | truck | de cote
        | pas de crabe | dolly lateral""",
        "move:pedestal": "grue | mouvement de grue | plan grue | pedestal | travelling vertical | plan a la grue",
        "move:pedestal:down": """grue descendante | mouvement de grue descendant | grue vers bas | descente
        | mouvement descendant | descendant | descendante | travelling descendant
        | travelling vertical descendant""",
        "move:pedestal:up": """grue ascendante | mouvement de grue ascendant | grue vers haut | ascension
        | travelling vertical ascendant | mouvement ascendant | ascendant | ascendante | travelling ascendant
        | elevation""",
        "maybe:pedestal:down": "descend | descendre | redescend | perd de hauteur | s abaisse",
        "maybe:pedestal:up": """monte | montant | monter | remonte | s eleve | s elevant | s elever
        | prend de hauteur | gagne en hauteur | s envole | se hisse""",
        "move:orbit": """orbite | tourne autour | tournant autour | tourner autour | gravite autour | 360 degres
        | 360 | 360° | rotation autour | mouvement circulaire | fait tour | fait le tour
        | travelling circulaire | mouvement orbital | tour complet | pivote autour | orbital | autour de sujet
        | orbitant | faisant tour | tournoie autour | decrit cercle | decrit un cercle""",
        "maybe:orbit": "contourne | contournant | encercle",
        "maybe:rotate": "tourne | tournant | tourner | rotation | pivote | pivotant",
        "move:arc": """arc de cercle | en arc | arc | demi-cercle | demi cercle | demi-tour autour
        | mouvement courbe | trajectoire courbe | travelling en arc | quart de tour | quart de cercle | courbe""",
        "move:push:in": "push in | push-in | rapprochement | poussee | resserrement",
        "maybe:push:in": """se rapproche | se rapprochant | s approche | s approchant | rapproche
        | se rapprocher | s approcher | approche | resserre""",
        "move:pull:out": "pull back | pull out | eloignement | prend du recul",
        "maybe:pull:out": """s eloigne | s eloignant | s ecarte | se retire | s eloigner | s en eloigne
        | se recule | eloigne""",
        "move:dolly_zoom": """dolly zoom | dolly-zoom | travelling compense | transtrav | effet vertigo
        | effet sueurs froides | zoom compense | travelling contrarie | effet hitchcock | vertigo | trans-trav
        | contre-zoom | hitchcock*""",
        "move:dolly_zoom:in": "arriere-plan s eloigne | fond s eloigne | decor s eloigne | arriere-plan s etire",
        "move:dolly_zoom:out": "arriere-plan se rapproche | fond se rapproche | decor se rapproche",
        "move:handheld": """camera a l epaule | camera epaule | camera portee | camera a main | a l epaule
        | tremblement* | tremblante | tremblements de camera | camera au poing | handheld | a la main
        | bouge legerement comme | camera tremblee | secousses | camera instable | tremblotante | camera main
        | tenue a main | au poing | style documentaire""",
        "maybe:handheld": "tremblant | vibre | oscille | secoue | vacille | tressaute | tremble",
        "move:static": """plan fixe | camera fixe | plan statique | camera statique | camera immobile | trepied
        | cadre fixe | sans mouvement de camera | aucun mouvement de camera | sans mouvements de camera
        | camera ne bouge pas | camera reste immobile | camera reste fixe | pas de mouvement de camera
        | camera figee | camera reste parfaitement immobile | cadrage fixe | plan immobile | camera verrouillee
        | camera totalement fixe | camera absolument immobile | camera totalement immobile
        | camera ne doit pas bouger | statique | camera completement immobile | camera posee""",
        "maybe:static": """fixe | immobile | statique | ne bouge pas | reste fixe | reste immobile | fige
        | figee | ne bouge plus | ne bouge | s immobilise | s arrete | ne bouge point""",
        "move:follow": """plan suivi | plan de suivi | camera suit | accompagne | accompagnant
        | travelling d accompagnement | suivi | travelling de suivi | camera le suit | camera la suit
        | travelling accompagnement | aux cotes | juste derriere | tout pres derriere | colle a | dans son dos
        | a ses cotes | a son cote | a sa hauteur | dans son sillage | au meme rythme | derriere lui
        | derriere elle | sur ses talons | ne quitte pas""",
        "maybe:follow": "suit | suivant | suivre | poursuit | suivons",
        "move:whip": """panoramique file | pano file | file rapide | whip pan | coup de fouet | swish pan
        | panoramique fouette | panoramique eclair | whip | fouette | panoramique brutal | file vers droite
        | file vers gauche | file vers la droite | file vers la gauche | un file | file a droite | file a gauche""",
        "maybe:go": """bouge | deplace | se deplace | deplacant | deplacement | file | coule | mouvement | passe
        | va | part | entre | longe | longeant""",
        "maybe:walk": """glisse | glissant | flotte | flottant | vole | volant | voyage | derive | marche
        | navigue | parcourt | court | glissement | plane | marchant""",
        "maybe:turn": "tourne | se tourne | regarde | pivote | vise",
        # --- directions ---------------------------------------------------------------------------------------------
        "way:left": "gauche | a gauche | vers gauche | de droite a gauche",
        "way:right": "droite | a droite | vers droite | de gauche a droite",
        "way:up": """haut | vers haut | en haut | vers ciel | jusqu au ciel | de bas en haut | vers plafond
        | ascendant | dans airs | dans les airs | au ciel""",
        "way:down": """bas | vers bas | en bas | vers sol | jusqu au sol | de haut en bas | descendant
        | vers le sol | au sol""",
        "way:in": """avant | vers avant | en avant | vers interieur | vers sujet | vers | a travers
        | au-dessus de ville | au-dessus de mer | au-dessus de foret | au-dessus de vallee | au-dessus de lac
        | au-dessus de toits | sur sentier | entre arbres | le long du couloir | dans couloir | dans rue
        | dans ruelle""",
        "way:out": "arriere | vers arriere | en arriere | vers exterieur",
        "way:around": "autour | autour de | en cercle | tout autour",
        "way:clockwise": """sens horaire | dans sens horaire | aiguilles d une montre
        | sens des aiguilles d une montre | sens des aiguilles""",
        "way:anticlockwise": """sens antihoraire | antihoraire | sens inverse des aiguilles d une montre
        | inverse des aiguilles | anti-horaire | sens contraire des aiguilles""",
        "way:closer": "plus pres | pres de | au plus pres | tout pres | de plus en plus pres",
        "way:away": "loin | au loin | plus loin",
        "way:part": "demi-tour | 90 degres | 45 degres | 180 degres | quart de tour | moitie",
        # --- how ----------------------------------------------------------------------------------------------------
        "degree:0.5": """lent | lente | lents | lentes | lentement | doux | douce | douces | doucement | leger
        | legere | legers | legeres | legerement | subtil | subtile | subtilement | discret | discrete
        | discretement | delicat | delicate | delicatement | faible | faiblement | un peu | peu | calme
        | calmement | tranquillement | a peine | minime | tendrement | tres legerement | timide | imperceptible*
        | pose | posement | fin | fine | leger soupcon | soupcon | tenu | nonchalamment | paisible*
        | imperceptiblement""",
        "degree:0.7": """progressif | progressive | progressivement | graduellement | peu a peu | petit a petit
        | regulier""",
        "degree:1.6": """rapide | rapides | rapidement | vite | fort | forte | forts | fortes | fortement
        | violent | violente | violemment | intense | intensement | dramatique | brusque | brusquement | ample
        | grand | grande | dense | epais | epaisse | puissant | puissante | torrentiel* | battante | frenetique
        | energique | a toute vitesse | soudain et rapide | vif | vive | vivement | brutal | brutale
        | brutalement | fulgurant* | drue | dru | beaucoup | nombreux | nombreuses | furieu* | marque | appuye""",
        "very": "tres | extremement | super | vraiment | tellement | incroyablement | trop | particulierement",
        "ease:linear": "vitesse constante | rythme constant | allure constante",
        "ease:in": "accelere | accelerant | acceleration | accelerer",
        "ease:out": "ralentit | ralentissant | deceler* | jusqu a arret",
        "ease:smooth": "fluide | fluides | fluidement",
        # --- negation and joints ------------------------------------------------------------------------------------
        "not": """sans | pas de | pas d | aucun | aucune | ne | ni | n | evite* | jamais | eviter | zero
        | au lieu de | plutot que | pas | rien de | surtout pas""",
        "not_after": "pas | interdit* | jamais",
        "but": "mais | seulement | uniquement | juste | sauf | hormis | excepte",
        "list": "ou | ni",
        "also": """et | tandis que | pendant que | alors que | tandis | avec | quand | lorsque | qui | ou
        | en meme temps | revelant | devoilant | pour | simultanement | que | car | afin""",
        "from": "depuis | de | a partir",
        "to": "jusqu | jusqu a | a | vers",
        "then": """puis | ensuite | soudain | soudainement | apres | tout a coup | enfin | finalement
        | tout d un coup | suivi de | par suite | plus tard | a la fin | subitement | pour finir | au bout""",
        "cut": """coupe sur | coupe franche | cut sur | plan suivant | changement de plan | coupe | coupure
        | cut | raccord sur | coupe seche | changement de scene""",
        "shot": "plan # | scene # | prise # | shot #",
        "skip": """premier plan | au premier plan | second plan | main gauche | main droite | arc-en-ciel
        | arc en ciel | plan large | gros plan | tres gros plan | plan d ensemble | enneige* | couvert de neige
        | couverte de neige | couverts de neige | a travers objectif | petite fille | grande ville
        | petit village | grande fenetre | petit garcon | bas cote | haut de forme | en haut de la | avant-plan
        | avant plan | plan d eau | tout droit | droite et fiere | contre-jour | arc de triomphe | plan moyen
        | pas a pas | haute montagne | haute couture | en bas de la rue | grand-mere | grand-pere | grand mere
        | grand pere | en pluie | pluie de petales | pluie de feuilles | pluie d etincelles""",
        # --- light, weather, look -----------------------------------------------------------------------------------
        "effect:golden_hour": """heure doree | golden hour | coucher de soleil | coucher du soleil
        | soleil couchant | lever de soleil | lever du soleil | soleil levant | lumiere doree | lumiere du soir
        | lumiere rasante | aube doree | soleil se couche | reflets dores | soleil rasant | lueur doree
        | soleil bas | fin d apres-midi | lumiere chaude du soir | lumiere d or | lumiere chaude et doree
        | lumiere dore | teintes dorees | lueurs dorees | soleil du soir""",
        "effect:blue_hour": """heure bleue | crepuscule | crepusculaire | entre chien et loup | tombee de nuit
        | tombee du jour | brune | a la brune | lumiere bleutee du soir | avant aube""",
        "effect:night": """nuit | de nuit | nocturne | minuit | clair de lune | nuit tombe | lumiere de lune
        | la nuit | nuits""",
        "effect:sunbeams": """rayon* de soleil | rayon* de lumiere | rais de lumiere | faisceau* de lumiere
        | rayons du soleil | lumiere volumetrique | soleil perce | lumiere filtre | soleil filtre
        | lumiere se glisse | rayons crepusculaires | rai de lumiere | rayons traversent | rayons percent
        | faisceaux lumineux | rayons obliques | rayons | puits de lumiere | rais de soleil | soleil filtrant
        | lumiere filtrant""",
        "one:sunbeams": "lumiere | soleil",
        "two:sunbeams": "filtre* | perce* | rayons | rais | faisceau* | oblique* | traverse | se glisse | raies",
        "effect:lens_flare": """lens flare | halo* d objectif | reflet* d objectif | eclat* d objectif | flare*
        | reflets de lentille | reflet de lentille | halo solaire | reflets de soleil dans objectif
        | facteur de flare | reflets dans objectif | reflet dans objectif""",
        "one:lens_flare": "objectif | lentille",
        "two:lens_flare": "halo* | flare* | reflet* | eclat*",
        "effect:anamorphic_streak": """anamorphique* | trait* de lumiere horizont*
        | trainee* lumineuse* horizontale* | trainee* horizontale* | trainees anamorphiques | strie* lumineuse*
        | raie* de lumiere horizontale* | ligne* de lumiere horizontale* | trainee* bleue*
        | filet* de lumiere horizont* | trainee* de lumiere""",
        "effect:neon_flicker": """neon* clignot* | neon* gresil* | neon* vacill* | neon* scintill*
        | clignotement de neon* | clignotement des neons | enseigne* au neon clignot* | enseigne* neon clignot*
        | neons qui clignotent | neon qui clignote | neon qui gresille | neons qui gresillent
        | enseigne* au neon gresil* | gresillement des neons | gresillement du neon | enseigne* au neon vacill*
        | clignotement du neon""",
        "light:neon_flicker": "neon | neons | enseigne au neon | enseignes au neon",
        "effect:candle_flicker": """lueur des bougies | lueur de bougie* | lueur d une bougie
        | lumiere de bougie* | lumiere des bougies | flamme de bougie | flamme* des bougies | bougie* vacill*
        | bougie* trembl* | bougie* scintill* | lumiere d une bougie | flamme de la bougie | flamme d une bougie
        | eclaire* a la bougie | flammes vacill* | lueur vacillante | lueur des chandelles | chandelle* vacill*
        | lumiere des chandelles | flamme vacille | lueur de la bougie | a la bougie | lueur tremblante""",
        "light:candle_flicker": """bougie | bougies | lanterne | lanternes | chandelle* | cheminee | torche*
        | flamme | flammes""",
        "effect:rain": """pluie | pleut | pluvieux | pluvieuse | bruine | averse* | gouttes de pluie | crachin
        | pleuvoir | deluge | pluies | pluie battante | pluie fine | ondee*""",
        "effect:snow": """neige | neiger | flocon* | tempete de neige | blizzard | chute de neige
        | chutes de neige | il neige""",
        "effect:fog": "brouillard",
        "effect:mist": """brume* | brumeux | brumeuse | voile de brume | leger brouillard | brouillard leger
        | vapeur matinale""",
        "effect:dust": """poussiere* | particules | grains de poussiere | particules en suspension
        | particules de poussiere | particules flott* | tempete de sable | sable souleve""",
        "effect:embers": """braise* | etincelle* | cendres incandescentes | escarbille* | cendres rougeoyantes
        | flammeches""",
        "effect:fireflies": "luciole* | vers luisants | ver luisant",
        "effect:bokeh": """bokeh | lumieres floues | ronds de lumiere | lumieres defocalisees
        | disques de lumiere | taches de lumiere floues | cercles de lumiere | pastilles de lumiere""",
        "one:bokeh": "lumieres | lampadaires | reverberes | lampions | lueurs | guirlandes",
        "two:bokeh": "flou* | pastilles | ronds | disques | cercles | boules | defocalise*",
        "effect:petals": "petale*",
        "one:petals": "fleurs | cerisier*",
        "two:petals": "tombent | pleuvent | virevoltent | s envolent",
        "effect:leaves": """feuilles mortes | feuilles tombent | feuilles qui tombent | chute de feuilles
        | feuilles d automne | feuilles tombant | feuilles virevolt* | feuilles tourbillon* | chute des feuilles
        | feuilles s envolent | feuilles seches | feuilles qui tourbillon* | feuilles qui virevolt*""",
        "one:leaves": "feuilles",
        "two:leaves": """tombent | tombant | tourbillonnent | virevoltent | s envolent | chute | volent
        | tournoient | emportees""",
        "effect:bubbles": "bulle*",
        "effect:lightning": "eclair | eclairs | foudre | orage | coups de foudre",
        "effect:film_grain": """grain | grain de film | grain argentique | grain de pellicule | granuleux
        | grain pellicule | 16 mm | 35 mm | grain cinema | 16mm | 35mm | granulosite | grain du film""",
        "effect:old_film": """vieux film* | film ancien | vieille pellicule | film muet | cinema muet | super 8
        | 8 mm | 8mm | pellicule ancienne | pellicule abimee | rayures | vieux cinema | pellicule rayee
        | film d epoque | pellicule usee | projecteur | film raye | films muets | images d archives
        | pellicule vieillie | actualites d epoque""",
        "one:old_film": "film | pellicule | cinema | bobine",
        "two:old_film": "vieux | vieille | ancien* | raye* | rayures | use* | abime* | annees 20 | muet | d epoque",
        "effect:black_and_white": """noir et blanc | noir & blanc | monochrome | niveaux de gris | noir-et-blanc
        | n&b | film noir""",
        "effect:sepia": "sepia",
        "effect:teal_orange": """bleu canard et orange | teal and orange | teal et orange | bleu et orange
        | orange et bleu | teal-orange | sarcelle et orange | cyan et orange | orange et bleu canard
        | bleu-vert et orange | orange et teal | turquoise et orange | orange et turquoise | teal/orange
        | orange/teal""",
        "one:teal_orange": "sarcelle | teal | turquoise | bleu canard | cyan | bleu-vert",
        "two:teal_orange": "orange*",
        "effect:vignette": """vignette | vignettage | coins sombres | bords sombres | bords assombris
        | coins assombris | vignetage | assombrissement des coins | angles assombris | bords obscurcis
        | coins obscurcis""",
        "one:vignette": "coins | bords | angles",
        "two:vignette": "sombre* | assombri* | noir* | obscur*",
        "effect:letterbox": "bandes noires | letterbox | barres noires | cinemascope | format scope",
        "one:letterbox": "bandes | barres",
        "two:letterbox": "noires | cinema",
        "effect:vhs": "vhs | cassette video | camescope | bande video | magnetoscope | lignes de balayage",
        "effect:glitch": """glitch* | bug* numerique* | interference* numerique* | parasites numeriques
        | artefacts numeriques | distorsion numerique | saut* d image numerique* | parasites
        | artefact* numerique*""",
        "one:glitch": "image | signal | video | bug* | parasites | artefacts",
        "two:glitch": """numerique* | digital* | saccade | se brise | decroche | pixel* | se dechire | corrompu*
        | bloc*""",
        "effect:tilt_shift": """tilt-shift | tilt shift | miniature* | effet maquette | maquette
        | ville miniature | diorama | modele reduit | decentrement | jouets""",
        "effect:rack_focus": """bascule de point | changement de mise au point | mise au point passe
        | mise au point bascule | rack focus | point bascule | mise au point glisse | bascule de mise au point
        | transfert de point | point passe | changement de point | mise au point se deplace | nettete passe
        | transfert de mise au point | mise au point qui passe | report de point | nettete bascule
        | nettete glisse | point glisse | transition de mise au point""",
        "one:rack_focus": "mise au point | nettete | focus | point",
        "two:rack_focus": "passe | bascule | glisse | se deplace | de | change | saute | transfere | voyage",
        "effect:depth_of_field": """profondeur de champ | arriere-plan flou | flou d arriere-plan | fond flou
        | faible profondeur | arriere plan flou | flou en arriere-plan | fond floute | arriere-plan floute
        | arriere-plan se floute | arriere-plan doucement flou | arriere-plan qui se floute""",
        "one:depth_of_field": "arriere-plan | arriere plan | fond | decor",
        "two:depth_of_field": "flou* | estompe* | hors foyer",
        # --- living parts -------------------------------------------------------------------------------------------
        "living:clouds": "nuage | nuages | ciel | nuees | cumulus",
        "living:water": """eau | vague | vagues | mer | ocean | riviere | fleuve | lac | ruisseau | etang
        | flaque* | cascade | houle | fontaine | canal | surface de eau | ressac | torrent | maree | eaux
        | bassin | ecume""",
        "living:foliage": """feuilles | feuille | arbre | arbres | herbe | herbes | branche | branches
        | feuillage* | ble | bles | fleurs | roseaux | palmier* | foret | plantes | bambou* | buissons | epis
        | prairie | fougere* | rameaux | saule* | cime* | champ de ble | lavande | tournesols | coquelicots
        | orge""",
        "living:hair": """cheveux | chevelure | meche* | pelage | criniere | fourrure | frange | barbe | tresse*
        | boucles""",
        "living:cloth": """robe | jupe | tissu | vetement* | rideau | rideaux | drapeau | drapeaux | echarpe
        | cape | voile | voiles | manteau | chale | linge | etoffe* | chemise | draps | foulard | voilage*
        | banniere* | fanion* | nappe | ruban* | toile* | manche* | store*""",
        "self": "vagues | houle | cascade* | fontaine* | ondes | ressac | clapotis | vaguelettes | ondulations",
        "wind": "vent | brise | rafale* | bourrasque* | courant d air | souffle du vent",
        "stir": """ondule | ondulent | ondulant | flotte | flottent | flottant | bouge | bougent | bruisse
        | bruissent | coule | coulent | defile | defilent | balance | balancent | balancant | clapote
        | clapotent | agite | agitent | s agite | frissonne* | fremi* | derive | derivent | danse | dansent
        | claque | claquent | glisse | glissent | deferlent | deferle | passent | passe | scintille* | vacille*
        | clignote* | gresille* | souffle | se brisent | remue | remuent | miroite* | ondoie | ondoient
        | tremble | tremblent | voltige* | virevolte* | caresse | souleve | soulevent | se soulevent | gonfle*
        | traversent | traverse | avancent | filent | ride* | rident | joue dans | s ecoule | s ecrase*
        | lechent | ebouriffe* | berce* | anime* | vague* doucement""",
        # --- what things do -----------------------------------------------------------------------------------------
        "act": """marche | marchent | marchant | court | courent | courant | danse | dansent | dansant | sourit
        | sourient | souriant | rit | rient | parle | parlent | saute | sautent | nage | nagent | roule
        | roulent | conduit | passe | passent | passant devant | traverse | traversent | salue | saluent
        | cligne | clignent | tourne | tournent | vole | volent | volant | avance | avancent | se promene
        | promenent | glisse | glissent | ouvre | ferme | mange | boit | s assoit | se leve | tombe | tombent
        | chante | chantent | regarde | regardent | monte | montent | descend | descendent | pleure | joue
        | jouent | embrasse* | hoche | leve | lance | circule* | bouge | bougent | marcher | galope* | trotte
        | aboie | bat des ailes | remue la queue | bondit | plonge | s envole | s envolent | entre | sort
        | sortent | arrive | arrivent | part | demarre | decolle | atterrit | ecrit | lit | cuisine | travaille
        | peint | verse | respire | soupire | baille | s etire | poursuit | fuit | grimpe | explose | brule
        | pousse | fleurit | rame | rament | pedale | pedalent | coud | coupe | navigue | tend | attrape | pose
        | prend | souffle | trinque* | frappe | s arrete | se retourne | retourne | approche | s eloigne
        | applaudi* | flane* | deambule* | porte | tire | tricote | bondissent | s embrassent | se regardent
        | allume | fume | remuent | pose la main | saluant | grimpent | picorent | picore | ouvre la | s ouvre
        | se ferme | pousse la | applaudit | serre | ramasse | porte la | sautille*""",
        # --- known, not done ----------------------------------------------------------------------------------------
        "undone:sound (the video is silent)": """musique | son | sons | bruit* | audio | voix off | bande-son
        | tonnerre gronde""",
        "undone:dialogue (nobody speaks)": "dialogue* | dit | conversation",
        "undone:morphing": "se transforme | morphing | metamorphose* | transforme en | se change en",
        "undone:new objects": """apparait | apparaissent | surgit | surgissent | apparaitre | entre dans cadre
        | apparition""",
        "undone:slow motion": "ralenti | slow motion | au ralenti",
        "undone:time lapse": "time-lapse | timelapse | accelere image | hyperlapse | en accelere",
        "undone:fades": "fondu au noir | fondu | fondu enchaine",
        "undone:framing (the picture gives it)": """gros plan | grand angle | plan large | plan rapproche
        | vue aerienne | plan moyen | contre-plongee | plongee | plan d ensemble | tres gros plan""",
        "undone:fireworks": "feu* d artifice",
        "undone:text on the picture": "sous-titres",
    },
)

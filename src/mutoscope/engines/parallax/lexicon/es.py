"""Spanish."""

from __future__ import annotations

from mutoscope.engines.parallax.lexicon.words import Language

SPANISH = Language(
    code="es",
    empty="el la los las un una unos unas lo su sus del al",
    plain="""de del al a en con por para y e o que se es son esta este esto muy mas como mientras cuando donde
    hay ser estar va van entre sobre bajo hasta tambien todo toda ya nos vemos haz usa quiero manera forma
    movimiento plano toma escena luego entonces despues primero""",
    typical="""el la los las un una de del al con por para y que se en mientras desde hacia sobre camara lento
    lenta suave lluvia plano sin muy cielo""",
    words={
        # --- who acts -----------------------------------------------------------------------------------------------
        "camera": """camara* | plano | toma | objetivo | lente | vista | encuadre | cuadro | perspectiva
        | punto de vista | dron | drone | cam | imagen | video | visor""",
        "camera:gaze": "mirada | vista sube | vista baja",
        "it": "ella | esta",
        "scenery": "paisaje | mundo | fachadas | casas | calle | edificios | campos",
        "ride": """ventanilla | ventana del tren | tranvia | desde tren | en tren | desde coche | desde autobus
        | ventana del coche | fueramos en""",
        "thing": """coche | coches | persona | personas | gente | hombre | mujer | nina | nino | ninos | perro*
        | gato* | pajaro* | caballo* | barco* | tren* | peaton* | humo | vapor | peces | ciclista* | autobus""",
        # --- camera moves -------------------------------------------------------------------------------------------
        "move:pan": """paneo* | panea | panear | paneando | panoramica* | barrido* lateral* | barrido | barre
        | gira sobre su eje | paneamos""",
        "move:tilt": "tilt | inclinacion vertical | cabeceo | cabecea | bascula | basculamiento",
        "move:tilt:down": """tilt down | bajamos mirada | mira hacia abajo | baja mirada
        | picado progresivo | panea* hacia abajo
        | se inclina hacia abajo | inclinandose hacia abajo | inclina hacia abajo | inclinacion hacia abajo
        | panoramica descendente | panoramica hacia abajo | panoramica vertical descendente""",
        "move:tilt:up": """tilt up | contrapicado progresivo | mira hacia arriba | alza mirada | levanta mirada
        | se alza hacia cielo | panea* hacia arriba | sube mirada | se inclina hacia arriba
        | inclinandose hacia arriba | inclina hacia arriba | inclinacion hacia arriba | panoramica ascendente
        | panoramica vertical ascendente | panoramica hacia arriba""",
        "move:roll": """alabeo | roll | rolido | plano holandes | angulo holandes | plano aberrante
        | rota sobre su eje | gira sobre su propio eje | rotacion de camara | se ladea | ladea* | ladead*
        | rueda sobre su eje | horizonte inclinad* | horizonte se inclina | horizonte torcido""",
        "maybe:roll": "rueda | rodando | se inclina | rota | rotando | rotacion | voltea",
        "move:zoom": "zoom* | hace zoom | haciendo zoom",
        "move:zoom:in": """zoom in | acercamiento optico | zoom hacia dentro | zoom de acercamiento
        | zoom hacia adelante | zoom hacia | amplia* imagen | zoom adentro""",
        "move:zoom:out": """zoom out | zoom hacia fuera | zoom hacia atras | zoom de alejamiento
        | alejamiento optico | zoom hacia afuera | zoom atras""",
        "move:dolly": "dolly | travelling | traveling | travelin | carro | sobre railes | sobre rieles",
        "move:dolly:in": """dolly in | travelling de avance | travelling hacia adelante
        | travelling hacia delante | travelling frontal | travelling de acercamiento | avance
        | movimiento hacia adelante | travelling in | travelling adelante | dolly adelante | hacia delante por
        | travelling hacia""",
        "move:dolly:out": """dolly out | travelling de retroceso | travelling hacia atras | travelling out
        | retroceso | movimiento hacia atras | marcha atras | dolly hacia atras | travelling atras | dolly atras""",
        "maybe:dolly:in": """avanza | avanzando | avanzar | avanzamos | se adentra | adentrandose | adentrarse
        | nos adentramos | recorre | recorriendo | atraviesa | atravesando | avanzan | vuela sobre | sobrevuela
        | sobrevolando | se interna | internandose | penetra | entra | entrando | entramos | se cuela | adentro""",
        "maybe:dolly:out": "retrocede | retrocediendo | retroceder | retrocedemos",
        "move:track": "tracking | tracking shot",
        "move:truck": """travelling lateral | desplazamiento lateral | se desplaza lateralmente
        | movimiento lateral | travelling horizontal | lateralmente | de lado | truck
        | plano lateral en movimiento | desplaza de lado | dolly lateral""",
        "move:pedestal": "grua | pedestal | plano de grua | movimiento de grua | elevador | grua de camara",
        "move:pedestal:down": "grua descendente | grua hacia abajo | descendente | descenso",
        "move:pedestal:up": "grua ascendente | grua hacia arriba | ascendente | ascenso | nos elevamos",
        "maybe:pedestal:down": "baja | bajando | bajar | desciende | descendiendo | descender",
        "maybe:pedestal:up": """sube | subiendo | subir | flota hacia arriba | se alza | asciende | ascendiendo
        | ascender | se eleva | elevandose | elevarse | eleva | se levanta | remonta | alza vuelo""",
        "move:orbit": """orbita* | orbitando | orbital | gira alrededor | girando alrededor | girar alrededor
        | vuelta completa | 360 grados | 360 | circula alrededor | se mueve alrededor | giro alrededor
        | movimiento circular | gira en torno | girando en torno | rota alrededor | en torno a | da una vuelta""",
        "maybe:orbit": "rodea | rodeando | rodear | da vuelta* | dando vuelta*",
        "maybe:rotate": "gira | girando | girar | giro",
        "move:arc": """arco | en arco | semicirculo | media vuelta alrededor | movimiento curvo | curva suave
        | describe arco | trayectoria curva | cuarto de vuelta""",
        "move:push:in": "push in | push-in | acercamiento | aproximacion | nos acercamos | empuje",
        "maybe:push:in": """se acerca | acercandose | acercarse | acerca | se aproxima | aproximandose
        | aproxima | se va acercando | va acercandose""",
        "move:pull:out": "pull out | pull back | alejamiento | nos alejamos",
        "maybe:pull:out": """se aleja | alejandose | alejarse | aleja | se retira | retirandose | se separa
        | se va alejando | va alejandose""",
        "move:dolly_zoom": """dolly zoom | efecto vertigo | zoom compensado | retrozoom | efecto hitchcock
        | travelling compensado | plano vertigo | contrazoom | dolly-zoom | vertigo | hitchcock*
        | vertigo hitchcock*""",
        "move:dolly_zoom:in": "fondo se aleja | fondo se estira | fondo se expande",
        "move:dolly_zoom:out": "fondo se acerca | fondo se comprime | fondo se echa encima",
        "move:handheld": """camara en mano | camara al hombro | handheld | camara temblorosa | temblor de camara
        | camara inestable | temblorosa | camara nerviosa | estilo documental | pulso de la mano
        | camara que tiembla | sacudid* de camara | en mano | al hombro | temblor de mano | temblor de la mano
        | temblor | pulso""",
        "maybe:handheld": "tiembla | temblando | se sacude | vibra | se agita | tembl*",
        "move:static": """camara fija | plano fijo | camara estatica | plano estatico | toma fija
        | camara inmovil | tripode | encuadre fijo | camara quieta | sin movimiento de camara
        | sin movimientos de camara | sin mover camara | camara no se mueve | camara bloqueada | fija sobre
        | camara permanece quieta | camara permanece inmovil | encuadre estatico | camara completamente fija
        | camara totalmente fija | camara no debe moverse | toma estatica | sin que camara se mueva
        | camara totalmente quieta | camara totalmente inmovil | camara absolutamente inmovil""",
        "maybe:static": """fija | fijo | quieta | quieto | inmovil | estatica | estatico | no se mueve
        | permanece quieta | no se mueva | queda quieta | detenida | no debe moverse""",
        "move:follow": """plano de seguimiento | camara de seguimiento | camara sigue | camara lo sigue
        | camara la sigue | camara le sigue | camara persigue | acompana | acompanando | seguimiento
        | travelling de seguimiento | travelling de acompanamiento | en paralelo al | pegada a | pegado a
        | justo detras | detras de el | detras de ella | muy cerca detras | a su lado | al mismo paso
        | a mismo ritmo | tras el | tras ella | sin perderlo | sin perderla""",
        "maybe:follow": "sigue | siguiendo | seguir | persigue | persiguiendo | seguimos",
        "move:whip": """barrido rapido | latigazo | whip pan | paneo violento | panoramica violenta | latigo
        | barrido brusco | swish pan | whip | paneo latigo | barrido veloz | barrido violento
        | panoramica rapidisima | panoramica de latigo""",
        "maybe:go": """mueve | moviendose | moverse | movimiento | desplaza | desplazandose | desplazarse
        | desplazamiento | va | recorrido | entra | pasa | desplazamos""",
        "maybe:walk": """desliza | deslizandose | deslizarse | flota | flotando | viaja | viajando | vuela
        | volando | planea | camina | navega | corre | que camina | caminando""",
        "maybe:turn": "vuelve | mira | se vuelve | apunta | gira",
        # --- directions ---------------------------------------------------------------------------------------------
        "way:left": "izquierda | hacia izquierda | a izquierda | de derecha a izquierda | izquierdo",
        "way:right": "derecha | hacia derecha | a derecha | de izquierda a derecha | derecho",
        "way:up": """arriba | hacia arriba | hacia cielo | al cielo | hasta cielo | de abajo arriba
        | de abajo hacia arriba | hacia techo | ascendente | vertical ascendente""",
        "way:down": """abajo | hacia abajo | hacia suelo | al suelo | hasta suelo | de arriba abajo
        | de arriba hacia abajo | descendente""",
        "way:in": """adelante | hacia adelante | delante | hacia delante | hacia dentro | hacia interior
        | adentro | hacia | sobre ciudad | sobre mar | sobre bosque | sobre valle | sobre lago | sobre tejados
        | sobre campos | sobre agua | por pasillo | por calle | por sendero | por camino | por tunel
        | entre arboles""",
        "way:out": "atras | hacia atras | hacia fuera | hacia afuera | afuera",
        "way:around": "alrededor | alrededor de | en circulo*",
        "way:clockwise": "sentido horario | en sentido horario | agujas del reloj | sentido de agujas del reloj",
        "way:anticlockwise": """sentido antihorario | antihorario | contrario a agujas del reloj
        | contra agujas del reloj | sentido contrario a agujas""",
        "way:closer": "mas cerca | cerca | hacia rostro | hacia cara",
        "way:away": "lejos | mas lejos",
        "way:part": "media vuelta | 90 grados | 45 grados | 180 grados | cuarto de vuelta | medio",
        # --- how ----------------------------------------------------------------------------------------------------
        "degree:0.5": """lento | lenta | lentos | lentas | lentamente | despacio | suave | suaves | suavemente
        | ligero | ligera | ligeros | ligeras | ligeramente | leve | leves | levemente | sutil | sutiles
        | sutilmente | poco | un poco | delicado | delicadamente | tenue | tenues | tranquilo | tranquila
        | apenas | minimo | minima | discreto | discreta | calma | despacito | pausado | pausada | pausadamente
        | debil | fino | fina | casi imperceptible | imperceptible* | tranquilamente | delicada | escas*""",
        "degree:0.7": "gradual | gradualmente | poco a poco | progresivo | progresivamente | paulatin*",
        "degree:1.6": """rapido | rapida | rapidos | rapidas | rapidamente | fuerte | fuertes | fuertemente
        | intenso | intensa | intensamente | violento | violenta | violentamente | dramatico | dramatica
        | brusco | brusca | bruscamente | veloz | velozmente | amplio | amplia | gran | enorme | denso | densa
        | espeso | espesa | torrencial | mucha | mucho | energico | energica | a toda velocidad | vertiginos*
        | furios* | agresiv* | copios* | intensos | abundante""",
        "very": "muy | extremadamente | super | sumamente | bien | tremendamente | demasiado | increiblemente",
        "ease:linear": "velocidad constante | ritmo constante",
        "ease:in": "acelera* | acelerando",
        "ease:out": "desacelera* | frena | frenando | se detiene poco a poco | hasta detenerse",
        "ease:smooth": "fluido | fluida | fluidamente",
        # --- negation and joints ------------------------------------------------------------------------------------
        "not": """sin | no | ni | nada de | evita* | nunca | jamas | ningun | ninguna | tampoco | prohibido
        | en vez de | en lugar de | cero""",
        "not_after": "prohibid*",
        "but": "pero | solo | solamente | unicamente | sino | salvo | excepto",
        "list": "o | ni | u",
        "also": """y | e | mientras | cuando | donde | que | con | al mismo tiempo | revelando | mostrando
        | para | a la vez | porque""",
        "from": "desde | de",
        "to": "hasta | a",
        "then": """luego | entonces | despues | de repente | de pronto | a continuacion | finalmente
        | por ultimo | mas tarde | subitamente | seguido de | al final | enseguida | acto seguido
        | para terminar | repentinamente | y termina | para acabar""",
        "cut": """corte a | corta a | corte | cambio de plano | siguiente plano | corte directo
        | cambio de escena | se corta a""",
        "shot": "plano # | toma # | escena # | shot #",
        "skip": """primer plano | en primer plano | segundo plano | mano izquierda | mano derecha
        | nieve en la cima | arco iris | arcoiris | a traves | plano general | a pesar | poco iluminad*
        | de noche a | en vista | cubierta de nieve | cubierto de nieve | cubiertas de nieve
        | cubiertos de nieve | nevadas cumbres | picos nevados | montanas nevadas | cumbres nevadas
        | montana nevada | sin embargo | al frente | gran ciudad | gran ventana | gran plano | gran sala
        | pequeno pueblo | hacia donde | arco de piedra | arco del puente""",
        # --- light, weather, look -----------------------------------------------------------------------------------
        "effect:golden_hour": """hora dorada | hora magica | atardecer | puesta de sol | puesta del sol
        | amanecer | luz dorada | luces doradas | ocaso | sol poniente | luz del atardecer
        | luz calida del atardecer | rayos dorados | sol bajo | salida del sol | crepusculo dorado | alba dorada
        | dorada luz | sol se pone | resplandor dorado | sol dorado | ultima luz | tonos dorados | sol de tarde
        | sol rasante""",
        "effect:blue_hour": """hora azul | crepusculo | anochecer | luz azulada del crepusculo | al anochecer
        | crepuscular | antes del amanecer""",
        "effect:night": """noche | de noche | nocturno | nocturna | medianoche | luz de luna | luz de la luna
        | claro de luna | noches | anochece""",
        "effect:sunbeams": """rayos de sol | rayos del sol | rayos de luz | haces de luz | haz de luz
        | luz volumetrica | rayos crepusculares | luz se filtra | sol se filtra | luz se cuela | rayo de sol
        | rayo de luz | haces de sol | luz solar se filtra | luz entra en diagonal | sol atraviesa
        | rayos que se filtran | sol se cuela | rayos divinos | rayos solares | luz solar filtra*""",
        "one:sunbeams": "luz | sol | luz del sol | luz solar",
        "two:sunbeams": "filtra* | cuela* | rayos | haces | atraviesa* | se derrama | en diagonal | penetra*",
        "effect:lens_flare": """destello de lente | destellos de lente | lens flare | lens flares
        | destello* en lente | destellos del objetivo | destello del objetivo | destellos de luz en objetivo
        | flare | destello solar | destellos solares | reflejos de lente | destello en objetivo
        | destellos en objetivo | destello de objetivo""",
        "one:lens_flare": "lente | objetivo",
        "two:lens_flare": "destello* | reflejo* | brillo* | halo",
        "effect:anamorphic_streak": """anamorfic* | destello* horizontal* | destello* anamorfic*
        | linea* de luz horizontal* | estela* horizontal* | raya* horizontal* de luz
        | franja* horizontal* de luz | destello azul horizontal | raya* azul*""",
        "effect:neon_flicker": """neon parpadea* | neones parpadea* | neon parpadeante | neones parpadeantes
        | parpadeo de neon | letrero de neon parpadea* | luces de neon parpadea* | neon que parpadea
        | parpadeo del neon | luces de neon parpadeantes | letreros de neon parpadea*""",
        "light:neon_flicker": "neon | neones | luces de neon | letrero de neon",
        "effect:candle_flicker": """luz de velas | luz de vela | luz de las velas | luz de una vela
        | llama de la vela | llama de vela | llamas de velas | velas parpadea* | vela parpadea* | velas titila*
        | vela titila* | luz titilante de velas | llamas de las velas | velas encendidas | candelabro parpadea*
        | llama de una vela""",
        "light:candle_flicker": """vela | velas | farol | farolillos | chimenea | candil | antorcha*
        | candelabro | llama | llamas""",
        "effect:rain": """lluvia* | llueve | lloviendo | lluvioso | lluviosa | llovizna* | chubasco | aguacero
        | gotas de lluvia | tormenta de lluvia | llover | diluvio | chaparron | diluvia""",
        "effect:snow": """nieve | nieva | nevando | nevada | nevar | copos | copos de nieve | ventisca
        | tormenta de nieve""",
        "effect:fog": "niebla | niebla espesa | nieblas",
        "effect:mist": """neblina* | bruma* | brumoso | brumosa | calima | calina | niebla ligera | niebla fina
        | niebla tenue | ligera niebla""",
        "effect:dust": """polvo | motas de polvo | particulas de polvo | particulas flotan*
        | particulas en el aire | polvareda | motas | particulas en suspension | tormenta de arena
        | arena en el aire""",
        "effect:embers": "brasas | ascuas | chispas | pavesas | cenizas incandescentes | ceniza incandescente",
        "effect:fireflies": "luciernaga*",
        "effect:bokeh": """bokeh | luces desenfocadas | luces borrosas | circulos de luz | luces fuera de foco
        | discos de luz""",
        "one:bokeh": "luces | farolas | luz | luces de ciudad",
        "two:bokeh": "desenfoc* | borros* | circulos | discos | difumin* | fuera de foco | bolas",
        "effect:petals": "petalo | petalos | lluvia de petalos | flores de cerezo caen | flores de cerezo cayendo",
        "one:petals": "flores | cerezo",
        "two:petals": "caen | cayendo | llueven | flotan en aire",
        "effect:leaves": """hojas caen | hojas cayendo | hojas que caen | hojas secas | hojas de otono
        | caen hojas | caida de hojas | hojas volando | hojas vuelan | hojarasca | hojas caidas
        | hojas arrastradas | hojas arremolina*""",
        "one:leaves": "hojas",
        "two:leaves": "caen | cayendo | caer | revolotean | vuelan | arremolinan | desprenden | caida | llevadas",
        "effect:bubbles": "burbuja* | pompas de jabon | pompas",
        "effect:lightning": """relampago* | rayos en cielo | rayo cae | un rayo ilumina | rayos iluminan
        | rayos y truenos | rayo ilumina | tormenta electrica | rayo rasga""",
        "effect:film_grain": """grano | grano de pelicula | grano filmico | granulado | textura de pelicula
        | grano analogico | grano de cine | 16 mm | 35 mm | 16mm | 35mm""",
        "effect:old_film": """pelicula antigua | pelicula vieja | cine mudo | cine antiguo | pelicula muda
        | super 8 | 8 mm | 8mm | pelicula vintage | aranazos | film antiguo | rayada | pelicula desgastada
        | proyector | metraje antiguo | rasgunos | celuloide viejo | celuloide antiguo | noticiario antiguo
        | pelicula envejecida""",
        "one:old_film": "pelicula | film | cine | cinta | metraje | celuloide",
        "two:old_film": "ray* | viej* | antigu* | gastad* | desgastad* | anos 20 | muda | aran*",
        "effect:black_and_white": "blanco y negro | monocromo | monocromatic* | escala de grises",
        "effect:sepia": "sepia",
        "effect:teal_orange": """teal y naranja | verde azulado y naranja | teal and orange | turquesa y naranja
        | azul y naranja | naranja y turquesa | teal-orange | naranja y azul | cian y naranja | naranja y teal
        | naranja y verde azulado | teal/naranja | teal/laranja""",
        "one:teal_orange": "verdeazulad* | teal | turquesa* | cian | verde azulado",
        "two:teal_orange": "naranja*",
        "effect:vignette": """vineta | vineteado | viñeta | esquinas oscuras | bordes oscuros
        | esquinas oscurecidas | bordes oscurecidos | oscurecimiento de esquinas | vineteo | viñeteado
        | esquinas mas oscuras | bordes mas oscuros""",
        "one:vignette": "esquinas | bordes",
        "two:vignette": "oscur* | oscurec* | negr* | sombr*",
        "effect:letterbox": "bandas negras | barras negras | letterbox | cinemascope | franjas negras",
        "one:letterbox": "bandas | barras | franjas",
        "two:letterbox": "negras | cine | cinematograficas",
        "effect:vhs": """vhs | cinta de video | videocasete | camcorder | videocinta | video casero | cinta vhs
        | lineas de barrido""",
        "effect:glitch": """glitch* | fallo digital | fallos digitales | interferencia* digital*
        | distorsion digital | error digital | errores digitales | interferencias""",
        "one:glitch": "imagen | senal | cuadro | video",
        "two:glitch": "rompe | bloques | digitales | pixel* | corrompe | distorsiona | salta | congela",
        "effect:tilt_shift": """tilt-shift | tilt shift | miniatura | efecto maqueta | maqueta | diorama
        | ciudad de juguete""",
        "effect:rack_focus": """cambio de foco | cambio de enfoque | rack focus | foco pasa | enfoque pasa
        | foco cambia | enfoque cambia | transfoco | foco se desplaza | paso de foco | trasfoco
        | enfoque se desplaza | foco viaja | cambia foco | cambia enfoque | traslado de foco | foco salta""",
        "one:rack_focus": "foco | enfoque | nitidez",
        "two:rack_focus": "pasa | cambia | de | desplaza | viaja | salta | va | traslada",
        "effect:depth_of_field": """profundidad de campo | fondo desenfocado | desenfoque de fondo
        | desenfoque del fondo | fondo borroso | enfoque selectivo | fondo difuminado | fondo fuera de foco
        | fondo se desenfoca""",
        "one:depth_of_field": "fondo",
        "two:depth_of_field": "desenfoc* | borros* | difumin* | fuera de foco | difus*",
        # --- living parts -------------------------------------------------------------------------------------------
        "living:clouds": "nube | nubes | cielo | nubarrones",
        "living:water": """agua | aguas | ola | olas | mar | oceano | rio | lago | arroyo | estanque | charco*
        | cascada | catarata | oleaje | fuente | marea | canal""",
        "living:foliage": """hojas | arbol | arboles | hierba | ramas | rama | follaje | pasto | trigo | cesped
        | flores | plantas | palmera* | bosque | campo de trigo | juncos | espigas | trigal | helecho* | bambu
        | hojarasca | matorral* | pradera | cebada | girasoles | lavanda""",
        "living:hair": """pelo | cabello | cabellos | melena | mechones | pelaje | crines | flequillo | mechon
        | barba | trenza*""",
        "living:cloth": """vestido | falda | tela | ropa | cortina | cortinas | bandera | banderas | bufanda
        | capa | velo | abrigo | manto | panuelo | chal | sabanas | camisa | toldo* | visillo* | vela del barco
        | cinta* | tunica | manga* | estandarte*""",
        "self": "olas | oleaje | ondas | cascada* | fuente | catarata* | ondulaciones",
        "wind": "viento | brisa | rafaga* | vendaval",
        "stir": """mece | mecen | meciendo* | mecerse | ondea | ondean | ondeando | ondula | ondulan | ondulando
        | agita | agitan | agitando* | mueve | mueven | moviendo* | fluye | fluyen | fluyendo | flota | flotan
        | ondas | rompen | rompe | balancea | balancean | balanceando* | sacude | desliza | deslizan | pasan
        | pasa | corre | corren | parpadea | parpadean | parpadeando | titila* | brilla | revolotea* | vuela
        | vuelan | avanzan | cruzan | tiembla | tiemblan | susurra* | baila | bailan | riza* | desplazan
        | salpica* | lamen | alborota* | hincha* | hinchan | acaricia | despeina | levanta | chisporrotea*
        | oscila* | cayendo | corriendo | pasando | deslizandose | desfilan | salpicando | brillando""",
        # --- what things do -----------------------------------------------------------------------------------------
        "act": """camina | caminan | caminando | corre | corren | corriendo | baila | bailan | bailando | sonrie
        | sonrien | sonriendo | rie | rien | riendo | habla | hablan | hablando | salta | saltan | saltando
        | nada | nadan | nadando | conduce | pasa | pasan | pasando | cruza | cruzan | cruzando | saluda
        | saludan | parpadea | parpadean | gira | giran | girando | vuela | vuelan | volando | anda | andan
        | pasea | pasean | paseando | avanza | avanzan | mueve | mueven | moviendo* | se desliza | deslizan
        | abre | abren | cierra | come | comen | bebe | beben | sienta | levanta | cae | caen | cayendo | toca
        | canta | cantan | cantando | mira | miran | mirando | monta | navega | navegan | llora | lloran | juega
        | juegan | jugando | abraza | abrazan | besa | besan | circulan | circula | asiente | guina | sube
        | baja | entra | entran | sale | salen | lanza | coge | agarra | deja | ladra | ladran | galopa
        | galopan | trota | rueda | ruedan | arranca | despega | aterriza | escribe | lee | leyendo | cocina
        | trabaja | pinta | sirve | vierte | respira | suspira | bosteza | estira | persigue | huye | trepa
        | explota | estalla | arde | crece | florece | remolca | rema | reman | pedalea | pedalean | teje | cose
        | corta | vuelve la cabeza | gira la cabeza | desaparece | saliendo | circulando | sale humo
        | persiguiendo | corretea* | remando | sacude | enciende | encienden | prende | fuma | ofrece | tira
        | recoge | empuja | lleva | cargando | se abre | se cierra | abriendose | despega* | posan | aletean""",
        # --- known, not done ----------------------------------------------------------------------------------------
        "undone:sound (the video is silent)": "musica | sonido* | audio | voz en off | banda sonora | ruido ambiente",
        "undone:dialogue (nobody speaks)": "dialogo* | dice | conversacion | conversan",
        "undone:morphing": "se transforma | transforma* en | metamorfosis | se convierte en | morphing",
        "undone:new objects": "aparece | aparecen | apareciendo | surge | surgen | entra en cuadro",
        "undone:slow motion": "camara lenta | ralenti | slow motion | a camara lenta",
        "undone:time lapse": "time lapse | timelapse | time-lapse | camara rapida | hyperlapse",
        "undone:fades": "fundido a negro | fundido | funde a negro",
        "undone:framing (the picture gives it)": """gran angular | primerisimo plano | plano detalle
        | plano medio | vista aerea | toma aerea | plano cenital | plano aereo | contrapicado | picado
        | plano general | primer plano""",
        "undone:fireworks": "fuegos artificiales",
        "undone:text on the picture": "subtitulos",
    },
)

"""Portuguese, of Brazil and Portugal."""

from __future__ import annotations

from mutoscope.engines.parallax.lexicon.words import Language

PORTUGUESE = Language(
    code="pt",
    empty="o a os as um uma uns umas do da dos das seu sua seus suas ao no na nos nas",
    plain="""de em por para pelo pela e ou que se com como enquanto quando onde ha ser estar vai vao entre sobre
    sob ate tambem todo toda ja nos este esta isso aos depois entao mais muito comeca movimento plano cena deve
    eu quero faca""",
    typical="""o os as um uma do da dos das na nas em com por para que se e enquanto ao pela pelo sem nao camera
    lenta devagar muito chuva ceu suave suavemente lentamente de""",
    words={
        # --- who acts -----------------------------------------------------------------------------------------------
        "camera": """camera* | plano | tomada | lente | objetiva | vista | enquadramento | quadro | perspectiva
        | ponto de vista | drone | imagem | camara* | video""",
        "camera:gaze": "olhar",
        "it": "ela",
        "scenery": "paisagem | mundo | fachadas | casas | rua | predios | campos",
        "ride": """janela do trem | janela do comboio | do trem | bonde | janela do onibus | janela do carro
        | de trem | num comboio | do comboio | eletrico | de dentro do""",
        "thing": """carro | carros | pessoa* | gente | homem | homens | mulher* | menina* | menino* | crianca*
        | cachorro* | cao | caes | gato* | passaro* | cavalo* | barco* | trem | comboio | pedestre* | peoes
        | ele | fumaca | fumo | vapor | peixe* | ciclista* | onibus | autocarro""",
        # --- camera moves -------------------------------------------------------------------------------------------
        "move:pan": """panoramica* | pan | panning | paneia | faz pan | varre | varredura | panoramico
        | gira sobre seu eixo | panoramicas | paneando""",
        "move:tilt": "tilt | inclinacao vertical | bascula",
        "move:tilt:down": """tilt down | tilt para baixo | panoramica para baixo | olha para baixo
        | inclina para baixo | inclina-se para baixo | baixa olhar | panoramica vertical para baixo
        | se inclina para baixo | panoramica descendente | inclinacao para baixo | olhar desce
        | panoramica vertical descendente | abaixa olhar""",
        "move:tilt:up": """tilt up | tilt para cima | panoramica para cima | olha para cima | inclina para cima
        | inclina-se para cima | ergue olhar | panoramica vertical para cima | levanta olhar
        | se inclina para cima | panoramica ascendente | panoramica vertical ascendente | inclinacao para cima
        | olhar sobe | ergue-se para ceu""",
        "move:roll": """rolagem | roll | rola sobre eixo | gira sobre proprio eixo
        | gira em torno de proprio eixo | angulo holandes | plano holandes | rotacao sobre eixo
        | rotacao no eixo | roda sobre eixo | giro sobre eixo | rolamento | inclina-se para lado
        | inclina para lado | tomba para lado | gira em torno do eixo | rotaciona | rotaciona sobre eixo
        | plano inclinado | horizonte inclinad* | horizonte se inclina | horizonte torto""",
        "maybe:roll": "rola | inclina | rotaciona | roda | tomba",
        "move:zoom": "zoom | zooms",
        "move:zoom:in": """zoom in | aproximacao optica | zoom de aproximacao | zoom para dentro
        | zoom em direcao | zoom no | zoom na | zoom em | amplia imagem | zoom para frente""",
        "move:zoom:out": "zoom out | zoom para tras | zoom de afastamento | zoom para fora",
        "move:dolly": "dolly | travelling | traveling | carrinho | sobre trilhos | em trilhos",
        "move:dolly:in": """dolly in | travelling para frente | travelling para a frente | travelling de avanco
        | travelling frontal | avanco | movimento para frente | segue em frente | dolly para frente
        | para dentro de""",
        "move:dolly:out": """dolly out | travelling para tras | travelling de recuo | recuo
        | movimento para tras | dolly para tras | marcha a re""",
        "maybe:dolly:in": """avanca | avancando | avancar | adentra | adentrando | entra por | atravessa
        | atravessando | percorre | percorrendo | sobrevoa | sobrevoando | avancamos | penetra | embrenha*
        | mergulha em | entrando | entra | adentro | caverna adentro""",
        "maybe:dolly:out": "recua | recuando | recuar | retrocede | recuamos",
        "move:track": "tracking shot | tracking",
        "move:truck": """travelling lateral | deslocamento lateral | movimento lateral | lateralmente
        | travelling horizontal | de lado | truck | desliza de lado | dolly lateral | deslize lateral
        | traveling lateral""",
        "move:pedestal": "grua | pedestal | movimento de grua | plano de grua | guindaste",
        "move:pedestal:down": """grua para baixo | grua descendente | descendente | movimento descendente
        | perde altura | desce em grua | abaixa-se | descida""",
        "move:pedestal:up": """grua para cima | grua ascendente | ascendente | ascensao | movimento ascendente
        | sobe em grua""",
        "maybe:pedestal:down": "desce | descendo | descer | abaixa | baixa",
        "maybe:pedestal:up": """sobe | subindo | subir | eleva | eleva-se | se eleva | ascende | ascendendo
        | ergue-se | se ergue | elevando-se | levanta voo | ganha altura | elevando | se elevando""",
        "move:orbit": """orbita* | orbitando | gira em torno | gira ao redor | girando ao redor
        | girando em torno | circunda* | 360 graus | 360 | 360° | volta completa | movimento circular | orbital
        | circula""",
        "maybe:orbit": "contorna | contornando | da volta | da uma volta | rodeia | rodeando | volta em torno",
        "maybe:rotate": "gira | girando | girar | giro",
        "move:arc": """arco | em arco | semicirculo | meia volta ao redor | meia-volta ao redor
        | trajetoria curva | movimento curvo | meia volta em torno | meio circulo | quarto de volta
        | curva suave | um quarto de circulo""",
        "move:push:in": "push in | push-in | aproximacao | cada vez mais perto | mais perto",
        "maybe:push:in": """chegando pertinho | vai chegando pertinho | aproxima-se | se aproxima
        | aproximando | aproxima | aproximar | chega mais perto
        | chegando mais perto | fecha em | fecha no rosto | se aproximando | aproximamos | vai chegando perto""",
        "move:pull:out": "vamos nos afastando | pull out | pull back | afastamento | abre plano | abre o quadro",
        "maybe:pull:out": """afasta-se | se afasta | afastando | afasta | afastar | distancia-se | se distancia
        | afastamo | se afastando | vai se afastando | distanciando""",
        "move:dolly_zoom": """dolly zoom | dolly-zoom | efeito vertigo | zoom compensado | efeito hitchcock
        | efeito vertigem | contra-zoom | contrazoom | travelling compensado | vertigo | hitchcock* | vertigem""",
        "move:dolly_zoom:in": "fundo se afasta | fundo se estica | fundo se alonga",
        "move:dolly_zoom:out": "fundo se aproxima | fundo se comprime",
        "move:handheld": """camera na mao | camara na mao | camera ao ombro | camera no ombro | handheld
        | camera tremida | camera tremula | camara tremida | tremor de camera | trepidacao | camera instavel
        | na mao | camera balancando | camara ao ombro | ao ombro | no ombro | tremulacao | estilo documentario
        | camera nervosa | imagem tremida | filmagem tremida | leve tremor | tremor da mao | tremor""",
        "maybe:handheld": """treme | tremendo | sacode | vibra | balanca | tremula | chacoalha | oscila
        | tremido | tremida | tremer""",
        "move:static": """camera fixa | camera parada | camera estatica | camara fixa | camara parada
        | camara estatica | plano fixo | plano estatico | tripe | enquadramento fixo | camera imovel
        | sem movimento de camera | sem movimentos de camera | camera nao se move | camera nao se mexe
        | camera permanece parada | camera permanece fixa | quadro fixo | tomada fixa | estatica | estatico
        | camera completamente parada | sem mover camera | camera totalmente parada | camera totalmente imovel
        | camera fica parada | camera travada | nenhum movimento de camera | sem mexer camera | camera trancada""",
        "maybe:static": """fixa | fixo | parada | parado | imovel | nao se move | nao se mexe | permanece parada
        | estacionaria | nao mexe""",
        "move:follow": """plano de acompanhamento | acompanha | acompanhando | camera segue | camera persegue
        | plano sequencia seguindo | camera o segue | camera a segue | camara segue
        | travelling de acompanhamento | lado a lado | colada a | colada em | colado a | colada no | colada na
        | logo atras | bem atras | bem perto atras | ao lado dele | ao lado dela | ao seu lado | no mesmo ritmo
        | no mesmo passo | atras dele | atras dela | rente a""",
        "maybe:follow": "segue | seguindo | seguir | persegue | perseguindo | seguimos",
        "move:whip": """whip pan | chicote | chicotada | panoramica brusca | swish pan | chicoteia | pan chicote
        | whip | panoramica rapidissima | panoramica violenta | varredura rapida""",
        "maybe:go": """move | movendo | mover | movimenta | movimento | desloca | deslocando | deslocamento
        | vai | passa | entra | movimentando""",
        "maybe:walk": """desliza | deslizando | deslizar | flutua | flutuando | voa | voando | viaja | caminha
        | anda | navega | corre | passeia | plana | caminhando | andando""",
        "maybe:turn": "vira | vira-se | olha | volta-se | aponta",
        # --- directions ---------------------------------------------------------------------------------------------
        "way:left": "esquerda | para esquerda | a esquerda | da direita para esquerda",
        "way:right": "direita | para direita | a direita | da esquerda para direita",
        "way:up": """cima | para cima | para alto | para ceu | ate ceu | de baixo para cima | rumo ao ceu
        | ascendente | ao ceu | em direcao ao ceu | para teto""",
        "way:down": """baixo | para baixo | para chao | ate chao | de cima para baixo | descendente | ao chao
        | em direcao ao chao""",
        "way:in": """frente | para frente | a frente | adiante | para dentro | para interior | em direcao
        | em direccao | rumo a | pra frente | adentro | sobre cidade | sobre mar | sobre floresta | sobre vale
        | sobre lago | sobre telhados | sobre campos | pelo corredor | pela rua | pela trilha | pelo caminho
        | pelo tunel | entre arvores""",
        "way:out": "tras | para tras | para fora | pra tras",
        "way:around": "ao redor | em volta | em torno | em circulo* | a volta | em redor",
        "way:clockwise": "sentido horario | no sentido horario | ponteiros do relogio | sentido dos ponteiros",
        "way:anticlockwise": "sentido anti-horario | anti-horario | antihorario | contrario aos ponteiros",
        "way:closer": "mais perto | perto",
        "way:away": "longe | mais longe",
        "way:part": "meia volta | 90 graus | 45 graus | 180 graus | um quarto | metade",
        # --- how ----------------------------------------------------------------------------------------------------
        "degree:0.5": """lento | lenta | lentos | lentas | lentamente | devagar | devagarinho | suave | suaves
        | suavemente | leve | leves | levemente | ligeiro | ligeira | ligeiramente | sutil | sutis | sutilmente
        | subtil | subtilmente | pouco | um pouco | delicado | delicada | delicadamente | tenue | calmo | calma
        | calmamente | discreto | discreta | minimo | minima | fraco | fraca | de leve | fino | fina
        | quase imperceptivel | imperceptivel* | mansinho | tranquilo | tranquila | brando | brandamente | mal
        | quase nada | vagaros* | preguicos*""",
        "degree:0.7": """gradual | gradualmente | aos poucos | pouco a pouco | progressivo | progressivamente
        | paulatin*""",
        "degree:1.6": """rapido | rapida | rapidos | rapidas | rapidamente | depressa | forte | fortes
        | fortemente | intenso | intensa | intensamente | violento | violenta | violentamente | dramatico
        | dramatica | brusco | brusca | bruscamente | veloz | velozmente | amplo | ampla | grande | enorme
        | denso | densa | espesso | espessa | torrencial | pesada | pesado | muita | muitos | muitas | energico
        | energica | acelerad* | a toda velocidade | cerrado | cerrada | grossa | furios* | vigoros* | intensos""",
        "very": "muito | bem | extremamente | super | bastante | incrivelmente | demasiado | tao",
        "ease:linear": "velocidade constante | ritmo constante",
        "ease:in": "acelera | acelerando",
        "ease:out": "desacelera* | freia | abranda | ate parar",
        "ease:smooth": "fluido | fluida | fluidamente",
        # --- negation and joints ------------------------------------------------------------------------------------
        "not": "sem | nao | nem | nenhum | nenhuma | nunca | evit* | jamais | em vez de | proibid* | zero | nada de",
        "not_after": "proibid*",
        "but": "mas | so | somente | apenas | exceto | porem | menos",
        "list": "ou | nem",
        "also": """e | enquanto | quando | onde | com | que | ao mesmo tempo | revelando | mostrando | para
        | a medida | porque""",
        "from": "de | desde",
        "to": "ate | para",
        "then": """depois | entao | de repente | em seguida | por fim | finalmente | subitamente | logo apos
        | logo depois | mais tarde | a seguir | seguido de | seguida de | no final | repentinamente | de subito
        | ao final | no fim | termina com""",
        "cut": """corta para | corte para | corte | muda para | proximo plano | corte seco | mudanca de cena
        | mudanca de plano | corte direto""",
        "shot": "plano # | cena # | tomada # | shot # | take #",
        "skip": """primeiro plano | em primeiro plano | segundo plano | mao esquerda | mao direita | arco-iris
        | arco iris | coberto de neve | coberta de neve | cobertas de neve | cobertos de neve | picos nevados
        | plano geral | plano medio | plano de fundo | em frente | em frente ao | na frente | a frente da
        | de frente | grande cidade | pequena vila | grande janela | menina pequena | no entanto | entretanto
        | de cima | arco da ponte | arco de pedra""",
        # --- light, weather, look -----------------------------------------------------------------------------------
        "effect:golden_hour": """hora dourada | hora magica | por do sol | por-do-sol | pôr do sol | pôr-do-sol
        | nascer do sol | luz dourada | amanhecer | entardecer | sol poente | luz do entardecer | fim de tarde
        | final de tarde | ocaso | raios dourados | luz quente do fim | poente | sol baixo | sol se poe
        | sol nascente | alvorada dourada | tons dourados | brilho dourado | luzes douradas | arrebol
        | sol dourado | fim da tarde | tarde dourad* | fim de tarde dourado | dourado do sol""",
        "effect:blue_hour": """hora azul | crepusculo | anoitecer | lusco-fusco | luz azulada do crepusculo
        | crepuscular | lusco fusco | antes do amanhecer | ao anoitecer""",
        "effect:night": """noite | noturno | noturna | nocturna | nocturno | meia-noite | luar | de noite
        | luz da lua | a noite | madrugada | noites | luz de luar""",
        "effect:sunbeams": """raio* de sol | raios do sol | raio* de luz | feixe* de luz | luz volumetrica
        | luz se infiltra | sol se infiltra | luz filtrada | feixes de sol | raios solares | luz atravessa
        | sol atravessa | raios crepusculares | luz entra pelas frestas | raios divinos | fachos de luz
        | facho de luz | sol filtra* | luz filtra* | luz do sol atravessa | luz do sol filtra*""",
        "one:sunbeams": "luz | sol",
        "two:sunbeams": "filtra* | infiltra* | raios | feixes | atravess* | frestas | diagonal | fachos",
        "effect:lens_flare": """lens flare | lens flares | reflexo* de lente | reflexo* na lente
        | brilho* de lente | flare* | clarao de lente | reflexo* da lente | reflexos solares | brilho* na lente""",
        "one:lens_flare": "lente | objetiva",
        "two:lens_flare": "reflexo* | brilho* | flare* | clarao | halo",
        "effect:anamorphic_streak": """flare anamorfic* | flares anamorfic* | anamorfic*
        | risco* de luz horizonta* | faixa* horizonta* de luz
        | traco* de luz horizonta* | listra* horizonta* | reflexo* horizonta* | linha* de luz horizonta*
        | risco* horizonta* | feixe* horizonta* | risca* de luz | rasto* horizonta* | riscos azuis | risco azul""",
        "effect:neon_flicker": """neon piscando | neons piscando | neon pisca* | neons piscam
        | luz de neon pisca* | letreiro de neon pisca* | letreiros de neon pisca* | neon tremula*
        | neon falhando | luzes de neon pisca* | neon falha* | neon que pisca | neon oscilando
        | letreiro neon pisca* | piscar do neon | piscar de neon""",
        "light:neon_flicker": "neon | neons | luzes de neon | letreiro de neon | letreiros de neon",
        "effect:candle_flicker": """luz de velas | luz de vela | luz das velas | chama da vela | chama das velas
        | chamas das velas | velas tremula* | vela tremula* | velas bruxulea* | vela bruxulea* | a luz de velas
        | velas acesas | chama bruxulea* | luz bruxuleante | chama tremula* | luz da vela | luz do candeeiro
        | lampiao tremula*""",
        "light:candle_flicker": """vela | velas | lanterna | lampiao | lareira | tocha* | candeeiro | castical
        | chama | chamas""",
        "effect:rain": """chuva* | chove | chovendo | chuvoso | chuvosa | garoa | chuvisc* | temporal
        | aguaceiro | pingos de chuva | gotas de chuva | chover | diluvio | toro""",
        "effect:snow": """neve | neva | nevando | nevar | nevasca | floco* | flocos de neve | nevao
        | tempestade de neve""",
        "effect:fog": "nevoeiro | neblina | neblina densa | cerracao",
        "effect:mist": """nevoa* | bruma* | brumoso | brumosa | enevoado | enevoada | neblina leve
        | neblina fina | leve neblina | neblina suave""",
        "effect:dust": """poeira | particulas de poeira | po no ar | particulas flutua* | particulas no ar
        | poeirinha | particulas em suspensao | tempestade de areia | graos de poeira | po dourado
        | po em suspensao | areia no ar""",
        "effect:embers": "brasa* | fagulha* | faisca* | cinzas incandescentes | fuligem incandescente | faulha*",
        "effect:fireflies": "vagalume* | vaga-lume* | pirilampo*",
        "effect:bokeh": "bokeh | luzes desfocadas | circulos de luz | bolas de luz | discos de luz | bolinhas de luz",
        "one:bokeh": "luzes | postes | lanternas",
        "two:bokeh": "desfoc* | borrad* | circulos | discos | bolas | bolinhas | fora de foco",
        "effect:petals": "petala* | flores de cerejeira caem | flores de cerejeira caindo",
        "one:petals": "flores | cerejeira*",
        "two:petals": "caem | caindo | chovem | flutuam no ar",
        "effect:leaves": """folhas caem | folhas caindo | folhas secas | folhas de outono | queda de folhas
        | folhas voando | folhas rodopia* | folhas caidas | caem folhas | folhas a cair | folhas outonais
        | folhas que caem""",
        "one:leaves": "folhas",
        "two:leaves": "caem | caindo | rodopiam | voam | cair | voando | rodopiando | levadas | queda",
        "effect:bubbles": "bolha* | bolhas de sabao | bolinhas de sabao",
        "effect:lightning": """relampago* | raios no ceu | raio cai | raios cortam | trovoada | raio corta
        | raio rasga | raios rasgam | raio ilumina | clarao de relampago | tempestade eletrica""",
        "effect:film_grain": """granulacao | grao de filme | granulado | grao de pelicula | grao | graos
        | granulada | textura de filme | textura de pelicula | 16 mm | 35 mm | 16mm | 35mm | grao analogico""",
        "effect:old_film": """filme antigo | filme velho | cinema mudo | filme mudo | pelicula antiga
        | pelicula velha | super 8 | 8 mm | 8mm | riscos de pelicula | filme vintage | arranhoes | filme riscado
        | pelicula riscada | pelicula desgastada | projetor | filmagem antiga | riscos e poeira
        | riscos na pelicula | filme desgastado | cinejornal""",
        "one:old_film": "filme | pelicula | cinema | fita",
        "two:old_film": """antig* | velh* | riscad* | riscos | desgastad* | gast* | anos 20 | mudo | arranh*
        | projetor""",
        "effect:black_and_white": """preto e branco | preto-e-branco | monocromatic* | p&b | tons de cinza
        | escala de cinza | monocromo""",
        "effect:sepia": "sepia",
        "effect:teal_orange": """teal e laranja | teal and orange | azul-petroleo e laranja
        | azul petroleo e laranja | turquesa e laranja | azul e laranja | laranja e azul | laranja e turquesa
        | verde-azulado e laranja | teal & orange | ciano e laranja | laranja e teal | azul-esverdeado e laranja
        | laranja e ciano | teal/naranja | teal/laranja""",
        "one:teal_orange": "turquesa | teal | ciano | azul-petroleo | verde-azulado",
        "two:teal_orange": "laranja",
        "effect:vignette": """vinheta | vinhetagem | cantos escuros | bordas escuras | bordas escurecidas
        | cantos escurecidos | cantos mais escuros | bordas mais escuras | vinhetas | margens escuras""",
        "one:vignette": "cantos | bordas | margens",
        "two:vignette": "escur* | escurec* | pret* | sombr*",
        "effect:letterbox": """barras pretas | letterbox | faixas pretas | cinemascope | barras negras
        | tarjas pretas | faixas negras""",
        "one:letterbox": "barras | faixas | tarjas",
        "two:letterbox": "pretas | negras | cinema",
        "effect:vhs": """vhs | fita de video | videocassete | camcorder | fita cassete | cassete de video
        | video caseiro antigo | linhas de varredura""",
        "effect:glitch": """glitch* | falha* digita* | interferencia* digita* | distorcao digital
        | erro* digita* | interferencias | defeito digital""",
        "one:glitch": "imagem | sinal | video",
        "two:glitch": "digita* | trava* | pixel* | quebra* | corromp* | blocos | distorc*",
        "effect:tilt_shift": """tilt-shift | tilt shift | miniatura* | maquete | efeito maquete
        | cidade de brinquedo | diorama | brinquedo""",
        "effect:rack_focus": """mudanca de foco | troca de foco | rack focus | foco muda | foco passa
        | foco se desloca | transicao de foco | foco desliza | foco vai | puxada de foco | foco transita
        | muda foco | transfere foco | foco troca | foco salta | deslocamento de foco | foco migra""",
        "one:rack_focus": "foco",
        "two:rack_focus": "passa | muda | troca | vai | desliza | de | desloca | salta | transita | viaja",
        "effect:depth_of_field": """profundidade de campo | fundo desfocado | desfoque de fundo
        | desfoque do fundo | fundo borrado | fundo embacado | foco seletivo | fundo fora de foco
        | plano de fundo desfocado | fundo levemente desfocado""",
        "one:depth_of_field": "fundo",
        "two:depth_of_field": "desfoc* | borrad* | fora de foco | embacad* | difus*",
        # --- living parts -------------------------------------------------------------------------------------------
        "living:clouds": "nuvem | nuvens | ceu",
        "living:water": """agua | aguas | onda | ondas | mar | oceano | rio | lago | riacho | lagoa | poca*
        | cachoeira | cascata | fonte | mare | canal | corrego | ribeiro | queda d agua | ondulacao | chafariz""",
        "living:foliage": """folhas | arvore | arvores | grama | relva | capim | galhos | ramos | folhagem
        | trigo | flores | plantas | palmeira* | coqueiro* | floresta | bambu* | mato | juncos | canavial
        | trigal | galho | samambaia* | copas | prado | arbusto* | campo de trigo | girassois | lavanda | erva""",
        "living:hair": """cabelo | cabelos | mecha* | pelo | pelos | crina | pelagem | franja | barba | tranca*
        | madeixa*""",
        "living:cloth": """vestido | saia | tecido | roupa | roupas | cortina | cortinas | bandeira | bandeiras
        | cachecol | capa | veu | casaco | manto | lenco | xale | lencois | camisa | varal | toldo* | fita*
        | manga* | bandeirinhas | estandarte* | tunica | echarpe""",
        "self": "ondas | cachoeira* | cascata* | chafariz | queda d agua | ondulacoes | marolas",
        "wind": "vento | brisa | rajada* | ventania | aragem | vendaval",
        "stir": """balanca | balancam | balancando | balancar | ondula | ondulam | ondulando | esvoaca*
        | tremula | tremulam | agita | agitam | move | movem | movendo | mexe | mexem | flui | fluem | corre
        | correm | flutua | flutuam | farfalha* | dancam | danca | passam | passa | deslizam | desliza | quebram
        | quebra | pisca | piscam | bruxulea* | brilha | batem | bate | sopra | sopram | movimenta | movimentam
        | agitando | deslizando | passando | cintila* | voa | voam | sacode | encrespa* | levanta | acaricia
        | desloca* | avancam | cruzam | oscila* | murmur* | despenteia | infla* | estala* | escorre* | lambe*
        | roca | sussurra* | correndo | fluindo | ondulante* | rolando | batendo""",
        # --- what things do -----------------------------------------------------------------------------------------
        "act": """anda | andam | andando | caminha | caminham | caminhando | corre | correm | correndo | danca
        | dancam | dancando | sorri | sorriem | sorrindo | ri | riem | rindo | fala | falam | falando | pula
        | pulam | pulando | salta | saltam | nada | nadam | nadando | dirige | passa | passam | passando
        | atravessa | atravessam | acena | acenam | acenando | pisca | piscam | gira | giram | girando | voa
        | voam | voando | avanca | avancam | move | movem | desliza | deslizam | abre | abrem | fecha | come
        | comem | bebe | bebem | senta | levanta | cai | caem | caindo | canta | cantam | olha | olham | olhando
        | sobe | desce | chora | brinca | brincam | brincando | abraca* | beija* | circula | circulam | passeia
        | passeiam | cavalga | galopa* | trota | late | abana | entra | entram | sai | saem | chega | chegam
        | parte | decola | pousa | aterrissa | escreve | le | lendo | cozinha | trabalha | pinta | serve
        | despeja | respira | suspira | boceja | espreguica | persegue | foge | escala | explode | queima | arde
        | cresce | floresce | rema | remam | pedala | pedalam | costura | corta | navega | navegam | estende
        | pega | solta | toca | toma | vira | acende | rola | rolam | se vira | segura | lanca | joga | chuta
        | aplaude* | conversa* | desaparece | tricota | saindo | subindo do | entregando | acende um | fumando
        | carregando | puxa | puxando | empurra | abre-se | se abre | se fecha | pousam | bate as asas
        | batem palmas | pulam corda | mergulha | mergulham | bica""",
        # --- known, not done ----------------------------------------------------------------------------------------
        "undone:sound (the video is silent)": "musica | som | sons | audio | narracao | trilha sonora | ruido",
        "undone:dialogue (nobody speaks)": "dialogo* | diz | conversa | dizem",
        "undone:morphing": "se transforma | transforma-se | metamorfose | morphing | vira um | transforma* em",
        "undone:new objects": "aparece | aparecem | surge | surgem | surgindo | aparecendo",
        "undone:slow motion": "camera lenta | slow motion | camara lenta | em camera lenta",
        "undone:time lapse": "time lapse | timelapse | time-lapse | camera rapida | hyperlapse",
        "undone:fades": "fade out | fade in | fade para preto | fusao",
        "undone:framing (the picture gives it)": """close-up | close | grande angular | grande plano
        | plano detalhe | vista aerea | plano aberto | plano fechado | contra-plonge | plano americano
        | plano geral | plano medio""",
        "undone:fireworks": "fogos de artificio | fogo de artificio",
        "undone:text on the picture": "legendas",
    },
)

package fingerprint

import "strings"

// list is this project's own: 256 short, common, concrete English words, in
// alphabetical order, no two of which sound alike. Its order is fixed for ever;
// a changed word would make two desks show different words for one key.
var list = strings.Fields(`
acid acorn actor album alley amber angle ankle apple april arena armor arrow atlas attic autumn
bacon badge bagel baker balcony bamboo banana banjo barrel basket beach beacon beetle bench berry bicycle
birch biscuit blanket blossom board bonnet bottle bridge bronze bucket buffalo butter cabin cactus camel candle
canoe canvas carbon carpet castle cedar cello cherry chimney cinema circle clover cobra coffee comet compass
copper coral cotton cousin crater cricket crystal curtain daisy dancer denim desert diamond dinner dolphin donkey
dragon drawer eagle earth easel echo elbow ember engine envoy fabric falcon farmer feather fiddle finger
flame flannel flute forest fossil fountain galaxy garden garlic gazelle ginger giraffe glacier glove goblet granite
guitar hammer harbor hazel helmet heron hickory honey hotel icicle igloo iguana indigo island ivory jacket
jaguar jasmine jelly jungle kayak kennel kettle kitchen kiwi ladder lagoon lantern lemon leopard lily linen
lizard lobster locket lotus magnet mango maple marble meadow melon meteor mirror monsoon mosaic mountain muffin
napkin needle nickel ninja noodle nutmeg oasis ocean olive onion opal orange orchid otter oven oyster
paddle panda paper parrot peach pebble pencil pepper piano pigeon pillow pirate planet pocket pony potato
prairie puzzle quartz quilt rabbit radio raven ribbon river robin rocket ruby saddle salmon sandal sapphire
saturn scarf seal shadow shovel silver singer spider spinach spoon squirrel stable sugar sunset swallow table
tango teapot temple thunder ticket tiger timber tomato tractor trumpet tulip tunnel turtle umbrella uncle velvet
violin volcano voyage waffle walnut walrus whale whisper willow window winter wizard yellow yoga zebra zipper
`)

package identity

import "strings"

// fingerprintWords is how many words stand for a fingerprint.
const fingerprintWords = 8

// Words are the first 64 bits of a fingerprint as words, which two people can compare
// by telephone: one for each byte. They are for eyes and ears; programs compare the
// whole fingerprint.
func Words(fingerprint [32]byte) []string {
	list := strings.Fields(wordList)
	out := make([]string, fingerprintWords)
	for i := range out {
		out[i] = list[fingerprint[i]]
	}
	return out
}

// wordList has 256 words, of which the order never changes.
const wordList = `
acorn actor amber anchor apple apron arrow aspen attic autumn axle badge bagel bamboo
banjo barley barrel basil basket beacon beaver bell bench berry bishop blanket blossom
bonnet border bottle boulder branch brass bread breeze brick bridge bronze broom bucket
buffalo button cabin cable cactus camel camera canal candle canoe canyon carbon carpet
carrot castle cedar cellar chalk chapel cherry chess chimney cider cinema circus citrus
clover cobalt cocoa coffee collar comet compass copper coral cotton cradle crane crater
cricket crown crystal curtain cymbal dagger daisy dancer desert diamond dolphin donkey
dragon drawer drum eagle easel echo elbow elephant ember emerald engine falcon feather
fennel ferry fiddle finger flame flute forest fossil fountain fox galaxy garden garlic
gate geyser ginger giraffe glacier globe goblet granite grape gravel guitar hammer harbor
harvest hazel hedge helmet heron hinge honey hornet hotel igloo indigo island ivory jacket
jaguar jasmine jelly jersey jigsaw jungle kernel kettle kitten ladder lagoon lantern lemon
lentil lilac linen lizard lobster locket lotus lumber magnet mango maple marble meadow
melon mirror mitten monkey mortar mosaic muffin museum mustard napkin nectar needle nickel
nutmeg oak oasis ocean olive onion orbit orchid otter oyster paddle palace panda paper
parrot pebble pencil pepper piano pigeon pillow pirate planet plum pocket pollen pony
poppy potato prairie prism pumpkin puppet quarry quartz rabbit radish raft raisin raven
ribbon river robin rocket rope saddle saffron salmon sandal satin saturn school shadow
shell shovel silver sparrow spice spider spoon statue stove summit sunset teapot thimble
thunder tiger timber tulip tunnel turtle velvet
`

package account

// FillHashing takes all places where passwords are hashed, until release is called.
func FillHashing() (release func()) {
	for range cap(hashing.places) {
		hashing.places <- struct{}{}
	}
	return func() {
		for range cap(hashing.places) {
			<-hashing.places
		}
	}
}

// FillQueue takes the queue before those places too.
func FillQueue() (release func()) {
	hashing.waiting.Add(hashing.queue)
	return func() { hashing.waiting.Add(-hashing.queue) }
}

// Waiting for a place to hash.
func Waiting() int { return int(hashing.waiting.Load()) }

// Hashing now.
func Hashing() int { return len(hashing.places) }

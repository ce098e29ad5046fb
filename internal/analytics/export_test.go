package analytics

// FirstInstant is for a look at zones whose days begin oddly, which no clinic's clock can reach.
var FirstInstant = firstInstant

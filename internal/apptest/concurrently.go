package apptest

import "sync"

// Concurrently calls do n times at the same time, and returns the results in the order of i.
func Concurrently[T any](n int, do func(i int) T) []T {
	results := make([]T, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			results[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return results
}

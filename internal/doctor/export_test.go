package doctor

import "time"

// SearchStatements returns the statements for the first page of a search, to explain their plans.
func SearchStatements(in SearchRequest, now time.Time) (sql []string, args [][]any) {
	f, err := in.filter(now)
	if err != nil {
		panic(err)
	}
	f.limit = in.Limit + 1
	all := []statement{}
	if in.Sort == "earliest" {
		all = append(all, f.bySlotWalk(), f.byDoctor())
	} else {
		all = append(all, f.byColumn(false), f.byColumn(true))
	}
	for _, s := range all {
		sql, args = append(sql, s.sql), append(args, s.Args())
	}
	return sql, args
}

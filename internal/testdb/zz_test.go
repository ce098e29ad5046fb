package testdb
import ("testing";"context";"os";"github.com/jackc/pgx/v5";"sync";"time";"fmt";"amrutam/internal/postgres";"github.com/google/uuid";"strings")
func TestMeasure(t *testing.T) {
	_ = URL(t, postgres.Migrate, postgres.Fingerprint())
	admin,_ := maintenance()
	ctx := context.Background()
	for _, par := range []int{1,4,8} { for _, st := range []string{"wal_log","file_copy"} {
		var wg sync.WaitGroup
		var mu sync.Mutex; var cr, dr time.Duration
		n := 40
		b := time.Now()
		for range par { wg.Go(func(){
			conn, err := pgx.Connect(ctx, admin); if err!=nil {panic(err)}
			defer conn.Close(ctx)
			for range n/par {
				name := "m_"+strings.ReplaceAll(uuid.NewString(),"-","")
				s := time.Now()
				if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE amrutam_tmpl_"+postgres.Fingerprint()+" STRATEGY "+st); err!=nil {panic(err)}
				e := time.Now()
				if os.Getenv("DIRTY")!="" { c2, err := pgx.Connect(ctx, strings.Replace(admin,"/postgres?","/"+name+"?",1)); if err != nil { panic(err) }; c2.Exec(ctx,"create table x as select g from generate_series(1,2000) g"); c2.Close(ctx) }
				e2 := time.Now()
				if _, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err!=nil {panic(err)}
				mu.Lock(); cr += e.Sub(s); dr += time.Since(e2); mu.Unlock()
			}
		})}
		wg.Wait()
		fmt.Printf("par %d %s: create %s drop %s each; %s per db overall\n", par, st, cr/time.Duration(n), dr/time.Duration(n), time.Since(b)/time.Duration(n))
	}}
}

package cancellation_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"amrutam/internal/cancellation"
	"amrutam/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"24h=100,2h=50", "2h=100", "0h=100", "168h=100,48h=75,24h=50,2h=25,0h=1"} {
		p, err := cancellation.Parse(text)
		if err != nil || p.String() != text {
			t.Errorf("%s: %s %v", text, p, err)
		}
	}
	if p, err := cancellation.Parse(" 24h=100, 2h=50 "); err != nil || p.String() != "24h=100,2h=50" {
		t.Errorf("with spaces: %s %v", p, err)
	}
	for text, want := range map[string]string{
		"":                                "like 24h=100",
		"none":                            "like 24h=100",
		"24=100":                          "like 24h=100",
		"24h=100,":                        "like 24h=100",
		"1.5h=100":                        "like 24h=100",
		"-1h=100":                         "like 24h=100",
		"+1h=100":                         "like 24h=100",
		"24h=1000":                        "like 24h=100",
		"9999999999999999999h=1":          "like 24h=100",
		"24h=50":                          "begin with a full refund",
		"24h=101":                         "up to 100",
		"169h=100":                        "168 hours",
		"24h=100,24h=50":                  "fall",
		"24h=100,25h=50":                  "fall",
		"24h=100,2h=100":                  "fall",
		"24h=100,2h=0":                    "percents from 1",
		"6h=100,5h=9,4h=8,3h=7,2h=6,1h=5": "1 to 5 steps",
	} {
		_, err := cancellation.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestCapped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		policy, want string
		percent      int
	}{
		{"24h=100,2h=50", "24h=100,2h=50", 100},
		{"24h=100,2h=50", "24h=70,2h=50", 70},
		{"24h=100,2h=50", "2h=50", 50},
		{"24h=100,2h=50", "2h=20", 20},
		{"2h=100", "2h=1", 1},
	} {
		p, err := cancellation.Parse(test.policy)
		if err != nil {
			t.Fatal(err)
		}
		capped, err := cancellation.ParseCapped(p.Capped(test.percent).String())
		if err != nil || capped.String() != test.want {
			t.Errorf("%s capped to %d is %s (%v), want %s", test.policy, test.percent, capped, err, test.want)
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	p, err := cancellation.Parse("24h=100,2h=50")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	day, twoHours := start.Add(-24*time.Hour), start.Add(-2*time.Hour)
	for _, c := range []struct {
		now     time.Time
		percent int
		until   time.Time
	}{
		{day.Add(-time.Hour), 100, day},
		{day, 100, day},
		{day.Add(time.Microsecond), 50, twoHours},
		{twoHours, 50, twoHours},
		{twoHours.Add(time.Microsecond), 0, start},
		{start, 0, start},
	} {
		if percent, until := p.At(c.now, start); percent != c.percent || !until.Equal(c.until) {
			t.Errorf("%s: %d until %s, want %d until %s", c.now, percent, until, c.percent, c.until)
		}
	}
}

// TestShareIsInThePatientsFavour checks that a share is the smallest amount that is no less than the percentage.
func TestShareIsInThePatientsFavour(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, "amount"))
		percent := rapid.IntRange(0, 100).Draw(t, "percent")
		share := cancellation.Share(amount, percent)
		if exact := amount * money.Amount(percent); share*100 < exact || (share-1)*100 >= exact || share > amount {
			t.Fatalf("%d percent of %s is %s", percent, amount, share)
		}
	})
}

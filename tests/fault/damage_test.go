package fault_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refuseDamage damages copies of the backups in every way, and checks that the restore names the file.
func refuseDamage(t *testing.T, i *installation) {
	t.Helper()
	series, bases := i.series(), i.bases()
	wal, err := filepath.Glob(filepath.Join(series, "wal", "*.wal"))
	must(t, err)
	if len(bases) != 3 || len(wal) < 4 {
		t.Fatalf("%d backups, %d WAL files", len(bases), len(wal))
	}
	within := func(path string) string { return strings.TrimPrefix(path, i.backups+"/") }
	last, lastBase := within(wal[len(wal)-1]), within(bases[2])
	for name, damage := range map[string]struct {
		do   func(dir string)
		want string
	}{
		"a bit of the data":       {flipBit(t, lastBase+"/data"), "/data is not what was written"},
		"cut data":                {cutFile(t, lastBase+"/data"), "/data is not what was written"},
		"a bit of the info":       {flipBit(t, lastBase+"/info"), "/info is not what was written"},
		"a bit of the manifest":   {flipBit(t, lastBase+"/manifest"), "/manifest is not what was written"},
		"a bit of the WAL":        {flipBit(t, last), ".wal is not what was written"},
		"cut WAL":                 {cutFile(t, last), ".wal is not what was written"},
		"a bit of the key":        {flipBit(t, within(series)+"/key.json"), "key.json"},
		"data of another backup":  {swapFiles(t, lastBase+"/data", within(bases[1])+"/data"), "/data is not what"},
		"WAL of another place":    {swapFiles(t, last, within(wal[len(wal)-2])), ".wal is not what was written"},
		"a renamed backup":        {renameFile(t, lastBase, lastBase[:len(lastBase)-1]+"Y"), "/info is not what"},
		"a renamed series":        {renameFile(t, within(series), strings.Repeat("ab", 8)), "key.json is not what"},
		"WAL missing at the end":  {renameFile(t, last, "gone"), "the WAL file"},
		"no data":                 {renameFile(t, lastBase+"/data", "gone"), "/data: no such file"},
		"no info":                 {renameFile(t, lastBase+"/info", "gone"), "/info: no such file"},
		"a series without a base": {renameFile(t, within(series)+"/base", "gone"), "/base: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged := *i
			damaged.t, damaged.backups = t, t.TempDir()
			must(t, os.CopyFS(damaged.backups, os.DirFS(i.backups)))
			damage.do(damaged.backups)
			restored, out, err := damaged.restore()
			if err == nil || !strings.Contains(out, damage.want) || strings.Count(out, "\n") > 2 {
				t.Errorf("%v %s", err, out)
			}
			if left := listFolder(t, restored.data); left != "master.key" {
				t.Errorf("the data folder holds %s", left)
			}
		})
	}
	t.Run("WAL missing in the middle", func(t *testing.T) {
		t.Parallel()
		damaged := *i
		damaged.t, damaged.backups = t, t.TempDir()
		must(t, os.CopyFS(damaged.backups, os.DirFS(i.backups)))
		must(t, os.RemoveAll(filepath.Join(damaged.backups, lastBase)))
		must(t, os.RemoveAll(filepath.Join(damaged.backups, within(bases[1]))))
		gone := within(wal[len(wal)-2])
		must(t, os.Remove(filepath.Join(damaged.backups, gone)))
		_, out, err := damaged.restore()
		if err == nil || !strings.Contains(out, filepath.Base(gone)+" is missing, so nothing after") {
			t.Errorf("%v %s", err, out)
		}
	})
}

func flipBit(t *testing.T, name string) func(dir string) {
	return func(dir string) {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		must(t, err)
		text[len(text)/2] ^= 1
		must(t, os.WriteFile(path, text, 0o600))
	}
}

func cutFile(t *testing.T, name string) func(dir string) {
	return func(dir string) {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		must(t, os.Truncate(filepath.Join(dir, name), info.Size()-20))
	}
}

func swapFiles(t *testing.T, a, b string) func(dir string) {
	return func(dir string) {
		for _, step := range [][2]string{{a, "swap"}, {b, a}, {"swap", b}} {
			renameFile(t, step[0], step[1])(dir)
		}
	}
}

func renameFile(t *testing.T, from, to string) func(dir string) {
	return func(dir string) {
		must(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
}

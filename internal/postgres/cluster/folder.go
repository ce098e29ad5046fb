package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// folder is the data folder of a cluster, and the user that PostgreSQL runs as.
type folder struct {
	root       string // the data folder
	pgdata     string
	log        string
	credential *syscall.Credential // nil: as ourselves
}

// openFolder creates the data folder if it is missing, and lets PostgreSQL's user pass through it.
func openFolder(dataDir string) (folder, error) {
	if dataDir == "" {
		return folder{}, errors.New("name the data folder")
	}
	root, err := filepath.Abs(dataDir)
	if err != nil {
		return folder{}, fmt.Errorf("the data folder %s: %w", dataDir, err)
	}
	if err := makeFolders(root); err != nil {
		return folder{}, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return folder{}, fmt.Errorf("the data folder: %w", err)
	}
	f := folder{root: root, pgdata: filepath.Join(root, "postgres"), log: filepath.Join(root, "postgres.log")}
	if os.Geteuid() != 0 {
		return f, nil
	}
	if f.credential, err = unprivilegedCredential(f.pgdata); err != nil {
		return folder{}, err
	}
	info, err := os.Stat(root)
	if err != nil {
		return folder{}, err
	}
	if mode := info.Mode().Perm(); mode&0o011 != 0o011 {
		if err := os.Chmod(root, mode|0o011); err != nil {
			return folder{}, fmt.Errorf("let PostgreSQL's user pass through the data folder: %w", err)
		}
	}
	return f, nil
}

// makeFolders creates a folder and its missing parents. Other users have no access to them, whatever the umask; but if
// root creates them, PostgreSQL's user may pass through. Existing folders are not changed.
func makeFolders(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("the data folder can't be created: %s is a file", dir)
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("the data folder can't be read: %w", err)
	}
	if err := makeFolders(filepath.Dir(dir)); err != nil {
		return err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process has just created it
			return nil
		}
		return fmt.Errorf("the data folder can't be created: %w", err)
	}
	return os.Chmod(dir, mode)
}

// unprivilegedCredential returns the user that PostgreSQL runs as if this process is root, because PostgreSQL refuses
// to run as root: the owner of existing data, else postgres or nobody.
func unprivilegedCredential(pgdata string) (*syscall.Credential, error) {
	if info, err := os.Stat(pgdata); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return &syscall.Credential{Uid: s.Uid, Gid: s.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("the user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to " +
		"run it as")
}

func (f folder) uid() uint32 {
	if f.credential != nil {
		return f.credential.Uid
	}
	return uint32(os.Geteuid())
}

// chown makes PostgreSQL's user the owner of path.
func (f folder) chown(path string) error {
	if f.credential == nil {
		return nil
	}
	if err := os.Lchown(path, int(f.credential.Uid), int(f.credential.Gid)); err != nil {
		return fmt.Errorf("give %s to PostgreSQL's user: %w", path, err)
	}
	return nil
}

// ensureAccess makes sure that PostgreSQL's user can reach the data folder and the programs. If a folder above the
// data is root's, it lets other users pass through it, but not read it. Returns an error that names any other closed
// folder.
func (f folder) ensureAccess(ctx context.Context, bin Binaries, log *slog.Logger) error {
	if f.credential == nil {
		return nil
	}
	opened := ""
	for closed := f.firstClosed(f.root); closed != ""; closed = f.firstClosed(f.root) {
		info, err := os.Stat(closed)
		if err != nil {
			return err
		}
		if s, ok := info.Sys().(*syscall.Stat_t); !ok || s.Uid != 0 || closed == opened ||
			os.Chmod(closed, info.Mode()|0o011) != nil {
			return f.accessError(closed, f.root)
		}
		opened = closed
		log.WarnContext(ctx, "PostgreSQL refuses to run as root; its user may now pass through this folder",
			"folder", closed)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin.Dir, "postgres"), "--version")
	cmd.Dir = f.root
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.credential}
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if closed := f.firstClosed(bin.Dir); closed != "" {
		return f.accessError(closed, bin.Dir)
	}
	return fmt.Errorf("PostgreSQL can't run as root, and the user with id %d can't run %s in %s: %w",
		f.credential.Uid, bin.Dir, f.root, err)
}

func (f folder) accessError(closed, path string) error {
	return fmt.Errorf("PostgreSQL can't run as root; it runs as the user with id %d, who can't pass through %s on "+
		"the way to %s: open it (chmod o+x) or use another folder", f.credential.Uid, closed, path)
}

// firstClosed returns the first folder on the way to path that PostgreSQL's user can't pass through, or "".
func (f folder) firstClosed(path string) string {
	if path != filepath.Dir(path) {
		if above := f.firstClosed(filepath.Dir(path)); above != "" {
			return above
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return path
	}
	bit := fs.FileMode(0o001)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case s.Uid == f.credential.Uid:
			bit = 0o100
		case s.Gid == f.credential.Gid:
			bit = 0o010
		}
	}
	if info.Mode()&bit == 0 {
		return path
	}
	return ""
}

// major returns the major version of PostgreSQL that created the data, or 0 if there is no data.
func (f folder) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.pgdata, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("the file PG_VERSION in %s is damaged", f.pgdata)
	}
	return n, nil
}

const (
	// The path in Linux's sockaddr_un has at most 107 bytes.
	maxSocketPath = 107 - len("/.s.PGSQL."+port)
	shortRoot     = "/tmp"
)

// plainPath matches paths without characters that PostgreSQL and libpq treat specially, like commas.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9_./-]+$`)

// makeSocket creates the socket's folder and returns its path. Only its mode 0700 protects the database: PostgreSQL
// trusts every client that reaches the socket. If the data folder's path is too long for a socket, or has special
// characters, the folder is in /tmp, named by a hash of the path. Another user could have created that one, so its
// owner and mode are checked, and a symbolic link is refused.
func (f folder) makeSocket() (string, error) {
	dir := filepath.Join(f.root, "socket")
	if len(dir) > maxSocketPath || !plainPath.MatchString(dir) {
		sum := sha256.Sum256([]byte(f.root))
		dir = filepath.Join(shortRoot, fmt.Sprintf("amrutam-%d-%s", f.uid(), hex.EncodeToString(sum[:8])))
	}
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("create the socket's folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("read the mode of the socket's folder: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	ours := ok && (owner.Uid == f.uid() || int(owner.Uid) == os.Geteuid())
	if !ours || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return "", fmt.Errorf("%s must be a folder of mode 0700 that belongs to the user with id %d: remove it",
			dir, f.uid())
	}
	return dir, f.chown(dir)
}

// removeSocket removes the socket's folder if it is in /tmp.
func (f folder) removeSocket(dir string) {
	if filepath.Dir(dir) == shortRoot {
		_ = os.Remove(dir)
	}
}

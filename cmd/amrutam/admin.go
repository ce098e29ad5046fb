package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"amrutam/internal/account"
	"amrutam/internal/seal"
)

type admin struct {
	Create adminCreate `cmd:"" help:"Make an administrator; the password is read from standard input."`
}

type adminCreate struct {
	Email string `required:"" help:"Mail address."`
	Name  string `required:"" help:"Full name."`
}

func (a adminCreate) Run(ctx context.Context) error {
	password, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && password == "" {
		return errors.New("give the password on standard input, in one line")
	}
	o, err := open(ctx)
	if err != nil {
		return err
	}
	defer o.close(ctx)
	master, err := o.cfg.MasterKeyBytes()
	if err != nil {
		return err
	}
	sealer, err := seal.New(master, o.db.Clock)
	if err != nil {
		return err
	}
	accounts := &account.Service{DB: o.db, Sealer: sealer, Config: o.cfg, Log: o.log}
	id, err := accounts.CreateAdmin(ctx, a.Email, a.Name, strings.TrimRight(password, "\r\n"))
	if err != nil {
		return err
	}
	_, err = fmt.Println("made administrator", id)
	return err
}

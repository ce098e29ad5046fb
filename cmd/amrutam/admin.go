package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"amrutam/internal/app"
	"amrutam/internal/config"
)

type admin struct {
	Create adminCreate `cmd:"" help:"Create an administrator; the password is read from standard input, one line."`
}

type adminCreate struct {
	Email string `required:"" help:"Mail address."`
	Name  string `required:"" help:"Full name."`
}

func (c adminCreate) Run(ctx context.Context) error {
	password, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && password == "" {
		return errors.New("give the password on standard input, in one line")
	}
	res, err := load(config.Keys)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return err
	}
	id, err := app.CreateAdmin(ctx, res.cfg, res.db, sealer, c.Email, c.Name, strings.TrimRight(password, "\r\n"))
	if err != nil {
		return err
	}
	_, err = fmt.Println("created administrator", id)
	return err
}

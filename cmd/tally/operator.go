package main

import (
	"context"
	"errors"
	"slices"

	"github.com/tallystick/tallystick/client"
)

// operatorKey is the key that was given to the command, or "": on the machine of
// the node nobody needs to give one.
func (a *app) operatorKey() (string, error) {
	if key := a.getenv("TALLY_OPERATOR_KEY"); key != "" && a.operatorFile == "" {
		return key, nil
	}
	if a.operatorFile == "" {
		return "", nil
	}
	key, err := keyFile(a.operatorFile)
	if err != nil {
		return "", usage("--operator-key-file: %v", err)
	}
	return key, nil
}

// key is the API key that was given to the command, or "". What the command line
// says wins over the environment.
func (a *app) key() (string, error) {
	file := a.apiKeyFile
	switch {
	case a.apiKey != "":
		return a.apiKey, nil
	case file == "" && a.getenv("TALLY_API_KEY") != "":
		return a.getenv("TALLY_API_KEY"), nil
	case file == "":
		file = a.getenv("TALLY_API_KEY_FILE")
	}
	if file == "" {
		return "", nil
	}
	key, err := keyFile(file)
	if err != nil {
		return "", usage("--api-key-file: %v", err)
	}
	return key, nil
}

// statusOf asks for the status of a node. Where something is wrong with a model, it asks
// for its operator, too, if the key is to be found: the operator is told the whole of it.
// What the caller itself may not ask is not asked.
func statusOf(ctx context.Context, c *client.Client) (*client.Status, error) {
	s, err := c.Status(ctx)
	if err != nil || !slices.ContainsFunc(s.Models, func(m client.Model) bool { return m.Problem != "" }) {
		return s, err
	}
	if as, err := c.AsOperator(ctx); err == nil {
		if whole, err := as.Status(ctx); err == nil {
			return whole, nil
		}
	}
	return s, nil
}

// operate makes c speak for the operator of the node. A node that has no operator
// is asked as it is.
func (a *app) operate(ctx context.Context, c *client.Client) (*client.Client, error) {
	as, err := c.AsOperator(ctx)
	switch {
	case client.IsNotFound(err):
		return c, nil
	case errors.Is(err, client.ErrNoOperatorKey), errors.Is(err, client.ErrNotOperator):
		return nil, &operatorError{err}
	}
	return as, err
}

// connectAsOperator is connect for what only the operator may do.
func connectAsOperator(ctx context.Context, a *app) (*client.Client, error) {
	c, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return a.operate(ctx, c)
}

// operatorError is a command that only the operator may run, given by somebody else.
type operatorError struct{ err error }

func (e *operatorError) Error() string {
	return "this is for the operator of the node: " + e.err.Error()
}

func (e *operatorError) Unwrap() error { return e.err }

func (e *operatorError) hint() string {
	if errors.Is(e.err, client.ErrNotOperator) {
		return "it came from --operator-key-file or TALLY_OPERATOR_KEY; without either, the key is found by itself on the machine of the node"
	}
	return "the key is in operator.key of the node's data directory: run this there as the node's user, or give the key with --operator-key-file or TALLY_OPERATOR_KEY"
}

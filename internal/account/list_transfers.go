package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// ListTransfersRequest asks for transfers.
type ListTransfersRequest struct{ httpapi.Paging }

// ListTransfers lists for a patient the transfers that they asked for, or that name their address; for staff those
// that are open. The newest come first. Each page is audited.
func (s *Service) ListTransfers(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListTransfersRequest) (httpapi.Page[Transfer], error) {
	var page httpapi.Page[Transfer]
	before := uuid.Max
	const scope = "dependant-transfers"
	if _, err := s.Cursors.Decode(scope, in.Cursor, &before); err != nil {
		return page, err
	}
	items, err := listTransfers(ctx, tx, actor, before, int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return page, fmt.Errorf("list transfers: %w", err)
	}
	page = httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(t Transfer) any { return t.ID })
	ids := make([]uuid.UUID, len(page.Items))
	for i, t := range page.Items {
		ids[i] = t.ID
	}
	audit.Write(tx, actor, "dependant-transfer.list", actor.ID, audit.Meta{"transferIds": ids})
	return page, nil
}

func listTransfers(ctx context.Context, tx *postgres.Tx, actor access.Actor, before uuid.UUID,
	most int32) ([]Transfer, error) {
	var items []Transfer
	if actor.IsStaff() {
		found, err := listOpenTransfers(ctx, tx, before, most)
		if err != nil {
			return nil, err
		}
		rows := make([]readTransferRow, len(found))
		for i, row := range found {
			rows[i] = readTransferRow(row)
			items = append(items, rows[i].view(actor.ID))
		}
		return items, nameAccounts(ctx, tx, rows, items)
	}
	rows, err := listTransfersOfPatient(ctx, tx, actor.ID, before, most)
	for _, row := range rows {
		items = append(items, readTransferRow(row).view(actor.ID))
	}
	return items, err
}

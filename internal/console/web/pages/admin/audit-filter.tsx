// Which entries of the audit log are meant: the filter of the address, and its fields.

import { Problem } from "../../api/call";
import { Field, type Values } from "../../parts/form";
import { isId } from "../../parts/id";
import { isDay, zone } from "../../parts/time";
import { instantOf } from "../../parts/wall";
import { entityName, actionName } from "./audit-words";
import { text } from "./text";

const names = ["actorId", "action", "entityType", "entityId", "ipAddress", "q", "from", "to"] as const;

/** The filter as it is typed and kept in the address; from and to are local times of the user's zone. */
export type Filter = Record<(typeof names)[number], string>;

export function filterOf(query: URLSearchParams): Filter {
	return Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""])) as Filter;
}

export function queryOf(filter: Filter): string {
	const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
	return query.size > 0 ? "?" + query.toString() : "";
}

/** Returns the instant of a local time like "2026-03-03T14:30" in the user's zone; "" for none. */
function instant(local: string): string {
	const [day = "", time = ""] = local.split("T");
	return isDay(day) && /^([01]\d|2[0-3]):[0-5]\d(:|$)/.test(time) ? instantOf(day, time.slice(0, 5), zone()).at : "";
}

/** Returns the filter as the API takes it. */
export function paramsOf(filter: Filter): Partial<Filter> {
	const params = { ...filter, from: instant(filter.from), to: instant(filter.to) };
	return Object.fromEntries(Object.entries(params).filter(([, value]) => value));
}

const ip = /^([\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)$/i;

/** Returns what is wrong with a filter. */
export function faultsOf(filter: Filter): Problem["errors"] {
	const errors: Problem["errors"] = [];
	if (filter.actorId && !isId(filter.actorId)) errors.push({ location: "actorId", message: text.notAnId });
	if (filter.ipAddress && !ip.test(filter.ipAddress))
		errors.push({ location: "ipAddress", message: text.notAnAddress });
	if (filter.from && filter.to && filter.from >= filter.to)
		errors.push({ location: "to", message: text.endsBeforeBegin });
	return errors;
}

/** Returns the filter that was typed. Throws Problem with the fields that can't be. */
export function typedFilter(values: Values): Filter {
	const filter = Object.fromEntries(names.map((name) => [name, values.text(name)])) as Filter;
	const errors = faultsOf(filter);
	if (errors.length > 0) throw new Problem("validation-failed", 422, "", errors);
	return filter;
}

export function FilterFields({ filter, fromRequired }: { filter: Filter; fromRequired?: boolean }) {
	return (
		<>
			<div class="row">
				<Field
					name="from"
					type="datetime-local"
					label={text.fromTime}
					required={fromRequired}
					initial={filter.from}
				/>
				<Field name="to" type="datetime-local" label={text.toTime} initial={filter.to} />
				<Field name="action" label={text.action} maxLength={100} list="actions" initial={filter.action} />
				<Field
					name="entityType"
					label={text.entityType}
					maxLength={100}
					list="entities"
					initial={filter.entityType}
				/>
				<Field name="entityId" label={text.entityId} maxLength={300} initial={filter.entityId} />
				<Field name="actorId" label={text.actorId} maxLength={36} initial={filter.actorId} />
				<Field name="ipAddress" label={text.ipAddress} maxLength={100} initial={filter.ipAddress} />
				<Field name="q" label={text.idBegins} maxLength={100} initial={filter.q} />
			</div>
			<datalist id="actions">
				{common.map((action) => (
					<option key={action} value={action}>
						{actionName(action)}
					</option>
				))}
			</datalist>
			<datalist id="entities">
				{Object.keys(text.entities).map((entity) => (
					<option key={entity} value={entity}>
						{entityName(entity)}
					</option>
				))}
			</datalist>
		</>
	);
}

/** Actions that are looked for most; any other can be typed. */
const common = [
	"access.deny",
	"session.start",
	"session.refuse",
	"session.reuse",
	"user.read",
	"user.list",
	"user.invite",
	"user.disable",
	"user.enable",
	"user.change-role",
	"user.reset-second-factors",
	"user.delete",
	"user.erase",
	"doctor.approve",
	"doctor.withdraw",
	"consultation.book",
	"consultation.cancel",
	"consultation.read",
	"consultation.search",
	"prescription.read",
	"prescription.write",
	"refund.approve",
	"refund.decline",
	"unmatched-money.refund",
	"unmatched-money.close",
	"dispute.decide",
	"review.hide",
	"export.download",
	"audit-log.export",
	"audit-log.download",
];

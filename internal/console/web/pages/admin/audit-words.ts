// The entries of the audit log in words.

import type { AuditEvent } from "../../api/operations";
import { text } from "./text";

/** Returns a raw name like "write-notes" as words. */
function plain(name: string): string {
	return name.replace(/[-_.]/g, " ");
}

/** Returns the kind of an object, like "Visit". */
export function entityName(entityType: string): string {
	return text.entities[entityType] ?? plain(entityType);
}

/** Returns what was done, like "Visit: booked". */
export function actionName(action: string): string {
	const [entity = "", verb = ""] = action.split(".");
	return `${entityName(entity)}: ${text.verbs[verb] ?? plain(verb)}`;
}

/** Returns who did it, when it was no user. */
export function nobody(entry: AuditEvent): string {
	const job = entry.metadata["job"];
	return typeof job === "string" ? text.byJob(job) : text.byNobody;
}

const pages: Record<string, string> = { user: "/people/", doctor: "/admin/doctors/", consultation: "/all-visits/" };

/** Returns the page of an object, or "". */
export function pageOf(entityType: string, id: string): string {
	const page = pages[entityType];
	return page ? page + encodeURIComponent(id) : "";
}

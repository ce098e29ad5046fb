/** Returns the address of a page that leads on to another one after the sign-in. */
export function withNext(path: string, next: string | null): string {
	return next ? path + "?next=" + encodeURIComponent(next) : path;
}

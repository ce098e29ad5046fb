import { useRef } from "preact/hooks";
import { useAddress } from "../../router";

/** Returns the address of this page: the last one of its own while the next page is loaded. */
export function useOwnAddress(): URL {
	const url = useAddress();
	const own = useRef(url);
	if (url.pathname === own.current.pathname) own.current = url;
	return own.current;
}

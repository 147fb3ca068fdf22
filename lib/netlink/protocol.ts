/** Numbers of the sock_diag protocol that belong to no family. */

/** nlmsg_type of a request by family, and of its records. */
export const SOCK_DIAG_BY_FAMILY = 20;

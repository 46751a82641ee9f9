variable "name" {
  description = "The role's name."
  type        = string
  default     = "logmark-read"
}

variable "logmark_role_arn" {
  description = "The role that Logmark runs with (output role_arn of its module)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.logmark_role_arn))
    error_message = "It must be the ARN of one role."
  }
}

variable "external_id" {
  description = "What Logmark must say to be let in; no secret, but yours alone (openssl rand -hex 16)."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]{16,1224}$", var.external_id))
    error_message = "It must have 16 to 1224 of A-Za-z0-9_+=,.@:/-"
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end."
  type        = list(string)

  validation {
    condition     = length(var.log_group_arns) > 0
    error_message = "Name at least one: a role that may read nothing is of no use."
  }
}

variable "queries" {
  description = "May tenants be granted the action `query` (Logs Insights)?"
  type        = bool
  default     = false
}

variable "read_quotas" {
  description = "May a standing Logmark read this account's quotas? (A function never does.)"
  type        = bool
  default     = false
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; * in NAME stands for any characters."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.log_group_arns : can(regex("^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9_/.#*-]+$", arn))])
    error_message = "Each must be arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end."
  }
}

variable "queries" {
  description = "May tenants be granted the action `query` (Logs Insights)?"
  type        = bool
  default     = false
}

variable "read_quotas" {
  description = "May this account's quotas be read (by a standing service; a function never does)?"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "The roles that sources name as assume_role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.source_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "Each must be the ARN of one role."
  }
}

variable "own_log_group_arn" {
  description = "The log group that Logmark itself writes its log to, without :* at the end; empty when something else writes it."
  type        = string
  default     = ""
}

variable "config" {
  description = "Where logmark.toml is: ssm:/name or s3://bucket/key; empty when it is neither."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^ssm:/[A-Za-z0-9_./-]+$|^s3://[a-z0-9.-]+/[A-Za-z0-9_./-]+$", var.config))
    error_message = "Write ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "The customer managed KMS key of the parameter or object, if there is one."
  type        = string
  default     = ""
}

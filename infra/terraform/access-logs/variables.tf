variable "log_group_name" {
  description = "The group; choose the name by what the tenant's grant covers, such as /acme/gateway."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group_name))
    error_message = "It must be the name of a log group."
  }
}

variable "retention_days" {
  description = "Days that access logs are kept. They hold addresses and user names of people."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.retention_days)
    error_message = "CloudWatch Logs knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 and 731 days."
  }
}

variable "kms_key_arn" {
  description = "A KMS key of yours for the group; empty for AWS's own."
  type        = string
  default     = ""
}

variable "set_account_role" {
  description = "Set the role with which API Gateway writes logs? There is one for an account and region: true once, and never where something else has set one. HTTP APIs don't need it."
  type        = bool
  default     = false
}

variable "account_role_groups" {
  description = "Groups that this role may write to; all access logs of REST APIs in this region must be in them."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#*-]+$", var.account_role_groups))
    error_message = "It must be a log group's name, with * for any characters."
  }
}

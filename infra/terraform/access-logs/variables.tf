variable "log_group_name" {
  description = "Name of the log group. A grant of the tenant must cover it, such as /acme/gateway."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group_name))
    error_message = "It must be the name of a log group."
  }
}

variable "retention_days" {
  description = "Retention of access logs in days. They contain client addresses and user names."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.retention_days)
    error_message = "CloudWatch Logs supports 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 and 731 days."
  }
}

variable "kms_key_arn" {
  description = "Your KMS key for the log group; empty for the AWS owned key."
  type        = string
  default     = ""
}

variable "set_account_role" {
  description = "Set the role with which API Gateway writes logs? An account has one for each region: set true once, and not if something else has set it. HTTP APIs do not need it."
  type        = bool
  default     = false
}

variable "account_role_groups" {
  description = "Log groups that this role may write to. All access logs of REST APIs in this region must be in them."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#*-]+$", var.account_role_groups))
    error_message = "It must be a log group's name, with * for any characters."
  }
}

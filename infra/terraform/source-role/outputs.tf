output "role_arn" {
  description = "assume_role of the source, and one of source_role_arns of Logmark's own module."
  value       = aws_iam_role.source.arn
}

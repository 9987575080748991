package sqlite

import "context"

// Pragma reads a setting of the writer's connection.
func (s *Store) Pragma(ctx context.Context, name string) (value string) {
	if err := s.write.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
		return err.Error()
	}
	return value
}

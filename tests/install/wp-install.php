<?php
/*
 * php wp-install.php SITE_FOLDER ADDRESS NAME: installs the WordPress in SITE_FOLDER and prints, as JSON, the
 * application passwords of its users: kentongan (author), redaksi (editor) and magang (contributor).
 */
list( , $folder, $address, $name ) = $argv;
$_SERVER['HTTP_HOST'] = parse_url( $address, PHP_URL_HOST ) . ':' . parse_url( $address, PHP_URL_PORT );
define( 'WP_INSTALLING', true );

// Defined before WordPress does it: an installation writes to nobody.
function wp_mail() {
	return true;
}

require $folder . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

// What the installer would find out by asking the site, which is not served yet.
add_filter( 'pre_http_request', fn() => new WP_Error( 'offline', 'The site is not served yet.' ) );
wp_install( $name, 'admin', 'admin@example.test', true, '', wp_generate_password() );
$GLOBALS['wp_rewrite']->set_permalink_structure( '/%postname%/' );
$GLOBALS['wp_rewrite']->flush_rules();

$passwords = array();
foreach ( array( 'kentongan' => 'author', 'redaksi' => 'editor', 'magang' => 'contributor' ) as $login => $role ) {
	$user = wp_insert_user(
		array(
			'user_login' => $login,
			'user_pass'  => wp_generate_password(),
			'user_email' => "$login@example.test",
			'role'       => $role,
		)
	);
	list( $passwords[ $login ] ) = WP_Application_Passwords::create_new_application_password( $user, array( 'name' => 'Kentongan' ) );
}
echo json_encode( $passwords );

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICoinChain} from "../interfaces/ICoinChain.sol";
import {Signatures} from "../lib/Signatures.sol";
import {SparseTree} from "../lib/SparseTree.sol";

/// @title Parameters, blocks, the operator, and checks of transfers
abstract contract CoinBase is ICoinChain {
    /// @dev The fields that blocks and deposits write, in one slot.
    /// @param operator The operator
    /// @param nextBlock The number of the next block
    /// @param count The number of coins created
    struct Head {
        address operator;
        uint32 nextBlock;
        uint64 count;
    }

    /// @dev The named operator, in one slot.
    /// @param next The next operator
    /// @param time The time from which it may take over
    struct Named {
        address next;
        uint40 time;
    }

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("layer2 plasma coins");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant TRANSFER_TYPE =
        keccak256("Transfer(uint64 coin,uint40 prevBlock,address newOwner,uint40 expiry)");

    address private immutable _FIRST_OPERATOR;
    uint40 internal immutable _EXIT_PERIOD;
    uint40 private immutable _ROTATION_DELAY;
    uint96 internal immutable _EXIT_BOND;
    uint96 internal immutable _CHALLENGE_BOND;
    /// @dev The payment for answering a challenge, out of the challenge's bond.
    uint96 internal immutable _ANSWER_PAY;
    uint96 internal immutable _BOUNTY;
    uint256 private immutable _CHAIN_ID;
    bytes32 private immutable _DOMAIN;

    Head internal _head;
    Named private _named;
    /// @inheritdoc ICoinChain
    mapping(uint256 number => bytes32) public blocks;

    bool private transient _entered;

    constructor(Config memory config_) {
        // Both halves of the period must be positive, and a user that distrusts the next operator must have time to
        // exit.
        bool short = config_.exitPeriod < 2 || config_.rotationDelay < config_.exitPeriod;
        // Times are stored in 40 bits.
        bool long = config_.rotationDelay > 3650 days;
        bool free = config_.exitBond == 0 || config_.challengeBond == 0;
        if (short || long || free || config_.operator == address(0) || config_.bounty > config_.exitBond) {
            revert InvalidConfig();
        }
        _FIRST_OPERATOR = config_.operator;
        _EXIT_PERIOD = config_.exitPeriod;
        _ROTATION_DELAY = config_.rotationDelay;
        _EXIT_BOND = config_.exitBond;
        _CHALLENGE_BOND = config_.challengeBond;
        _ANSWER_PAY = config_.challengeBond / 4;
        _BOUNTY = config_.bounty;
        _CHAIN_ID = block.chainid;
        _DOMAIN = _buildDomain();
        _head = Head(config_.operator, 1, 0);
        emit OperatorChanged(config_.operator);
    }

    /// @dev Prevents re-entry.
    modifier nonReentrant() {
        if (_entered) revert ReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }

    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @inheritdoc ICoinChain
    function submitBlock(uint256 number, bytes32 root) external {
        Head memory h = _head;
        _requireCaller(h.operator);
        if (number != h.nextBlock) revert UnexpectedBlockNumber(number, h.nextBlock);
        h.nextBlock += 1;
        _head = h;
        blocks[number] = _headerHash(root, block.timestamp);
        emit BlockSubmitted(number, root, block.timestamp);
    }

    /// @inheritdoc ICoinChain
    function proposeOperator(address next) external {
        _requireCaller(_head.operator);
        uint256 time = block.timestamp + _ROTATION_DELAY;
        _named = Named(next, uint40(time));
        emit OperatorProposed(next, time);
    }

    /// @inheritdoc ICoinChain
    function acceptOperator() external {
        Named memory named = _named;
        _requireCaller(named.next);
        if (block.timestamp < named.time) revert TooEarly(block.timestamp, named.time);
        delete _named;
        _head.operator = named.next;
        emit OperatorChanged(named.next);
    }

    // ------------------------------------------------------------------------------------------------------ Views

    /// @inheritdoc ICoinChain
    function head() external view returns (address operator, uint256 nextBlock, uint256 count) {
        return (_head.operator, _head.nextBlock, _head.count);
    }

    /// @inheritdoc ICoinChain
    function pendingOperator() external view returns (address next, uint256 time) {
        return (_named.next, _named.time);
    }

    /// @inheritdoc ICoinChain
    function config() external view returns (Config memory) {
        return Config(_FIRST_OPERATOR, _EXIT_PERIOD, _ROTATION_DELAY, _EXIT_BOND, _CHALLENGE_BOND, _BOUNTY);
    }

    /// @inheritdoc ICoinChain
    function domainSeparator() public view returns (bytes32) {
        return block.chainid == _CHAIN_ID ? _DOMAIN : _buildDomain();
    }

    // -------------------------------------------------------------------------------------------------- Transfers

    /// @dev Requires that the block contains the transfer with this signature, in time and after the transfer that it
    /// spends.
    function _requireShown(uint64 coin, Shown calldata shown) internal view {
        (uint40 number, uint40 prevBlock, address newOwner) = (shown.number, shown.prevBlock, shown.newOwner);
        if (newOwner == address(0) || prevBlock >= number) revert InvalidTransfer();
        if (number > shown.expiry) revert TransferExpired(number, shown.expiry);
        bytes32 value =
            keccak256(abi.encodePacked(hex"0201", coin, prevBlock, newOwner, shown.expiry, shown.r, shown.vs));
        (bool fits, bytes32 root) = SparseTree.rootOf(coin, value, shown.siblings);
        if (!fits || blocks[number] != _headerHash(root, shown.time)) revert InvalidProof(number);
    }

    /// @dev Accepts only ECDSA, and only the signature in the block: the validity of a transfer must not change after
    /// it is in a block, nor depend on data that someone withholds.
    function _requireSigned(uint64 coin, Shown calldata shown, address owner) internal view {
        bytes32 message = keccak256(abi.encode(TRANSFER_TYPE, coin, shown.prevBlock, shown.newOwner, shown.expiry));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domainSeparator(), message));
        if (Signatures.recover(digest, shown.r, shown.vs) != owner) revert InvalidSignature(owner);
    }

    function _requireSpends(Shown calldata shown, uint256 number) internal pure {
        if (shown.prevBlock != number) revert UnexpectedPreviousBlock(shown.prevBlock, number);
    }

    function _requireWithin(uint256 number, uint256 from, uint256 to) internal pure {
        if (number < from || number > to) revert BlockOutOfRange(number, from, to);
    }

    function _requireCaller(address need) internal view {
        if (msg.sender != need) revert UnauthorizedCaller(msg.sender, need);
    }

    function _requireValue(uint256 need) internal view {
        if (msg.value != need) revert IncorrectValue(msg.value, need);
    }

    function _headerHash(bytes32 root, uint256 time) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0, root)
            mstore(32, time)
            hash := keccak256(0, 64)
        }
    }

    function _buildDomain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }
}
